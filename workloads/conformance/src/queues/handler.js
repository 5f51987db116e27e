// What a job of the conformance workload does: some work, then one effect that must not happen twice.

import { UnrecoverableError } from "bullmq";

import { sleep } from "../deadline.js";

/**
 * @typedef {object} Payload
 * @property {number} [durationMs] how long the work takes
 * @property {number} [failures] how many of the first tries fail
 * @property {unknown} [echo] returned in the result
 */

/**
 * @param {{ once(scope: string, key: string, result: unknown): Promise<import("../postgres/effects.js").Effect> }} effects
 * @param {{ instance: string, jobMaxMs: number }} config
 */
export function createHandler(effects, { instance, jobMaxMs }) {
  /**
   * Bears repetition: a worker may die at any line of it.
   *
   * @param {{ id?: string, queueName: string, data: Payload, attemptsMade: number }} job
   */
  return async (job) => {
    const { durationMs = 0, failures = 0, echo = null } = job.data;
    if (!Number.isFinite(durationMs) || durationMs < 0 || durationMs > jobMaxMs) {
      throw new UnrecoverableError(`durationMs must be from 0 to ${jobMaxMs}`);
    }
    if (job.attemptsMade < failures) throw new Error(`failing try ${job.attemptsMade + 1} of ${failures}, as asked`);
    await sleep(durationMs);
    const effect = await effects.once(job.queueName, String(job.id), { doneBy: instance, echo });
    return { .../** @type {object} */ (effect.result), effects: effect.count };
  };
}
