// The producing side of BullMQ.

import { Queue } from "bullmq";

import { within } from "../deadline.js";
import { Problem, unavailable } from "../problem.js";

const ANSWER_MS = 8000;

/** How often and how patiently a failing job is tried, and how long its outcome can be asked for. */
export const JOB_OPTIONS = {
  attempts: 5,
  backoff: { type: "exponential", delay: 500 },
  removeOnComplete: { age: 3600, count: 10_000 },
  removeOnFail: { age: 7 * 24 * 3600 },
};

export class Jobs {
  /**
   * @param {import("ioredis").Redis} connection
   * @param {{ queues: string[], queuePrefix: string }} config
   * @param {import("../log.js").Log} log
   */
  constructor(connection, { queues, queuePrefix }, log) {
    this.queues = new Map(queues.map((name) => [name, openQueue(name, connection, queuePrefix, log)]));
  }

  /**
   * Accepted means kept: the promise resolves when Redis has the job. The same id again is the same job.
   *
   * @param {string} name of the queue
   * @param {string} id
   * @param {Record<string, unknown>} payload
   */
  async add(name, id, payload) {
    const queue = this.#queue(name);
    await inTime(queue.add(name, payload, { ...JOB_OPTIONS, jobId: id }));
    return { id, queue: name };
  }

  /** @param {string} name @param {string} id */
  async read(name, id) {
    const queue = this.#queue(name);
    // The state first: a job that is told as completed then comes with its result.
    const state = await inTime(queue.getJobState(id));
    const job = await inTime(queue.getJob(id));
    if (!job) throw new Problem(404, `queue ${name} has no job with this id (any more)`);
    return {
      id,
      queue: name,
      state,
      result: job.returnvalue ?? null,
      attempts: job.attemptsMade,
      failedReason: job.failedReason ?? null,
    };
  }

  /** @param {string} name */
  async counts(name) {
    return inTime(this.#queue(name).getJobCounts());
  }

  /** The connection is its owner's to close. */
  async close() {
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
  }

  /** @param {string} name */
  #queue(name) {
    const queue = this.queues.get(name);
    if (queue) return queue;
    const known = [...this.queues.keys()].join(", ") || "none";
    throw new Problem(404, `${JSON.stringify(name)} is not a queue of this service; it has: ${known}`);
  }
}

/**
 * @param {string} name
 * @param {import("ioredis").Redis} connection
 * @param {string} prefix
 * @param {import("../log.js").Log} log
 */
export function openQueue(name, connection, prefix, log) {
  // The check of the eviction policy is readiness's, told there as a finding rather than printed.
  const queue = new Queue(name, { connection, prefix, skipVersionCheck: true });
  queue.on("error", (error) => log.debug("queue error", { queue: name, error: String(error) }));
  return queue;
}

/** @template T @param {Promise<T>} promise @returns {Promise<T>} */
async function inTime(promise) {
  try {
    return await within(promise, ANSWER_MS, "the queue");
  } catch (error) {
    throw unavailable("the queue", error);
  }
}
