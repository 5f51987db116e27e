// What a job of the conformance workload does: some work, then one effect that must not happen twice.

import { UnrecoverableError } from "bullmq";

import { sleep, within } from "../deadline.js";
import { holding } from "./leases.js";

/**
 * @typedef {object} Payload
 * @property {number} [durationMs] how long the work takes
 * @property {number} [failures] how many of the first tries fail
 * @property {unknown} [echo] returned in the result
 * @property {string} [lease] only the holder of this may run: set by an exclusive schedule
 */

/**
 * @param {import("../postgres/effects.js").Effects} effects
 * @param {{ instance: string, jobMaxMs: number }} config
 * @param {import("./leases.js").Leases} leases
 */
export function createHandler(effects, { instance, jobMaxMs }, leases) {
  /**
   * Bears repetition: a worker may die at any line of it.
   *
   * @param {{ id?: string, queueName: string, data: Payload, attemptsMade: number }} job
   * @param {import("./leases.js").Fence} [fence]
   */
  const work = async (job, fence) => {
    const { durationMs = 0, failures = 0, echo = null } = job.data;
    if (!Number.isFinite(durationMs) || durationMs < 0) throw new UnrecoverableError("durationMs must be 0 or more");
    if (job.attemptsMade < failures) throw new Error(`failing try ${job.attemptsMade + 1} of ${failures}, as asked`);
    await sleep(durationMs);
    const effect = await effects.once(job.queueName, String(job.id), { doneBy: instance, echo }, fence);
    return { .../** @type {object} */ (effect.result), effects: effect.count };
  };

  /**
   * No job may outlive the time that a stopping worker is given.
   *
   * @param {{ id?: string, queueName: string, data: Payload, attemptsMade: number }} job
   */
  return async (job) => {
    const { durationMs = 0, lease } = job.data;
    if (durationMs > jobMaxMs) throw new UnrecoverableError(`durationMs must be from 0 to ${jobMaxMs}`);
    const run = lease === undefined ? work(job) : holding(leases, lease, (fence) => work(job, fence));
    return (await within(run, jobMaxMs, "the job")) ?? { skipped: "the last run is still under way" };
  };
}
