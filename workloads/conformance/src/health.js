// Answers for /health/live and /health/ready in the shape of the IETF draft "Health Check Response Format".

import { within } from "./deadline.js";

export const HEALTH_TYPE = "application/health+json";
const CHECK_TIMEOUT_MS = 700;
const KEPT_MS = 1000;

/**
 * @typedef {object} Finding
 * @property {"pass" | "warn" | "fail"} status
 * @property {string} [output] why it is not a pass
 */

/**
 * @typedef {object} Check
 * @property {string} name the component, as the draft's key has it before the colon
 * @property {string} type the draft's componentType
 * @property {() => Promise<Finding>} probe a rejection counts as a failure
 */

/**
 * @typedef {object} HealthAnswer
 * @property {number} code
 * @property {Record<string, unknown>} body
 */

/**
 * Truth about this process: live as long as it answers at all, ready while every dependency does and it is not leaving.
 */
export class Health {
  /**
   * @param {{ service: string, version: string, instance: string }} about
   * @param {Check[]} checks
   */
  constructor(about, checks) {
    this.about = about;
    this.checks = checks;
    this.draining = false;
    /** @type {{ since: number, results: Promise<Record<string, unknown[]>> } | null} */
    this.latest = null;
  }

  /** From now on not ready, whatever the dependencies say. */
  drain() {
    this.draining = true;
  }

  /** @returns {HealthAnswer} */
  live() {
    return { code: 200, body: this.#body("pass", {}) };
  }

  /** @returns {Promise<HealthAnswer>} */
  async ready() {
    if (this.draining) {
      return { code: 503, body: this.#body("fail", {}, "shutting down") };
    }
    const checks = await this.#results();
    const statuses = Object.values(checks).flat().map((entry) => /** @type {Finding} */ (entry).status);
    // Asked again: the signal may have come while the checks ran.
    if (this.draining) return { code: 503, body: this.#body("fail", checks, "shutting down") };
    if (statuses.includes("fail")) return { code: 503, body: this.#body("fail", checks) };
    return { code: 200, body: this.#body(statuses.includes("warn") ? "warn" : "pass", checks) };
  }

  /** One run of the checks serves everybody who asks within a second, so that probes cannot become a load. */
  #results() {
    const now = performance.now();
    if (this.latest === null || now - this.latest.since > KEPT_MS) {
      this.latest = { since: now, results: runAll(this.checks) };
    }
    return this.latest.results;
  }

  /** @param {string} status @param {Record<string, unknown[]>} checks @param {string} [output] */
  #body(status, checks, output) {
    const { service, version, instance } = this.about;
    return { status, version, serviceId: service, instanceId: instance, output, checks };
  }
}

/** @param {Check[]} checks */
async function runAll(checks) {
  const entries = await Promise.all(checks.map(async (check) => [`${check.name}:responseTime`, [await runOne(check)]]));
  return Object.fromEntries(entries);
}

/** @param {Check} check */
async function runOne(check) {
  const start = performance.now();
  const finding = await findOut(check);
  return {
    componentType: check.type,
    observedValue: Math.round((performance.now() - start) * 10) / 10,
    observedUnit: "ms",
    time: new Date().toISOString(),
    ...finding,
  };
}

/** @param {Check} check @returns {Promise<Finding>} */
async function findOut(check) {
  try {
    return await within(check.probe(), CHECK_TIMEOUT_MS, check.name);
  } catch (error) {
    return { status: "fail", output: reason(error) };
  }
}

/** Errors of a whole host name (several addresses) carry their reasons inside. @param {unknown} error @returns {string} */
function reason(error) {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code || (error instanceof Error ? error.message : String(error));
}
