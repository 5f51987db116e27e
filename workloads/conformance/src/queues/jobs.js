// The producing side of the queues.

import { within } from "../deadline.js";
import { Problem, unavailable } from "../problem.js";

const ANSWER_MS = 8000;

/** How long the outcome of a job that was done can be asked for. */
const KEEP_COMPLETED = { age: 3600, count: 10_000 };

/**
 * How often and how patiently a failing job is tried; those that fail for good are kept, bounded in time and number.
 *
 * @param {import("./options.js").QueueOptions} options
 */
export function jobOptions({ attempts, backoffSeconds, keepFailedDays, keepFailed }) {
  return {
    attempts,
    backoff: { type: "exponential", delay: 1000 * backoffSeconds },
    removeOnComplete: KEEP_COMPLETED,
    removeOnFail: { age: keepFailedDays * 24 * 3600, count: keepFailed },
  };
}

export class Jobs {
  /**
   * @param {Partial<Record<import("./options.js").QueueOptions["kind"], import("./stores.js").QueueStore>>} stores by kind of queue
   * @param {{ queues: string[], queueOptions: Record<string, import("./options.js").QueueOptions> }} config
   */
  constructor(stores, { queues, queueOptions }) {
    this.stores = Object.values(stores);
    this.names = queues;
    this.options = queueOptions;
    /** @type {Map<string, import("bullmq").Queue>} opened once their store is prepared */
    this.queues = new Map();
    for (const [kind, store] of Object.entries(stores)) {
      void store.prepare().then(() => {
        for (const name of queues) if (queueOptions[name].kind === kind && !this.closed) this.queues.set(name, store.queue(name));
      });
    }
    this.closed = false;
  }

  /**
   * Accepted means kept: the promise resolves when the store has the job. The same id again is the same job.
   *
   * @param {string} name of the queue
   * @param {string} id
   * @param {Record<string, unknown>} payload
   */
  async add(name, id, payload) {
    const queue = this.#queue(name);
    await inTime(queue.add(name, payload, { ...jobOptions(this.options[name]), jobId: id }));
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

  /** The stores' connections are their owner's to close. */
  async close() {
    this.closed = true;
    await Promise.all(this.stores.map((store) => store.stop()));
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
  }

  /** @param {string} name */
  #queue(name) {
    const queue = this.queues.get(name);
    if (queue) return queue;
    if (this.names.includes(name)) throw unavailable("the queue", new Error("its store is not prepared yet"));
    const known = this.names.join(", ") || "none";
    throw new Problem(404, `${JSON.stringify(name)} is not a queue of this service; it has: ${known}`);
  }
}

/** @template T @param {Promise<T>} promise @returns {Promise<T>} */
async function inTime(promise) {
  try {
    return await within(promise, ANSWER_MS, "the queue");
  } catch (error) {
    throw unavailable("the queue", error);
  }
}
