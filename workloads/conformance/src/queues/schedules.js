// Jobs by the clock, without an instance that is special: every worker declares the same schedules, each run is one job.

import { sleep } from "../deadline.js";
import { jobOptions } from "./jobs.js";

/** A queue whose store lost its data gets its schedules back within this time. */
const DECLARED_EVERY_MS = 60_000;

/**
 * Keep a queue's schedules as declared until stopped: add, change, and remove those that are no longer there.
 *
 * @param {import("bullmq").Queue} queue
 * @param {Record<string, import("./options.js").Schedule>} schedules
 * @param {import("./options.js").QueueOptions} options
 * @param {import("../log.js").Log} log
 * @returns {{ stop(): Promise<void> }}
 */
export function keepSchedules(queue, schedules, options, log) {
  let stopped = false;
  let wake = () => {};
  const run = async () => {
    while (!stopped) {
      try {
        await declare(queue, schedules, options);
      } catch (error) {
        log.warn("schedules not declared", { queue: queue.name, error: String(error) });
      }
      if (!stopped) await Promise.race([sleep(DECLARED_EVERY_MS), new Promise((resolve) => (wake = () => resolve(undefined)))]);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopped = true;
      wake();
      await running;
    },
  };
}

/**
 * @param {import("bullmq").Queue} queue
 * @param {Record<string, import("./options.js").Schedule>} schedules
 * @param {import("./options.js").QueueOptions} options
 */
export async function declare(queue, schedules, options) {
  const known = new Map((await queue.getJobSchedulers()).map((scheduler) => [scheduler.key, scheduler]));
  for (const [name, { cron, timezone, exclusive, payload }] of Object.entries(schedules)) {
    const data = exclusive ? { ...payload, lease: `${queue.name}/${name}` } : payload;
    const had = known.get(name);
    known.delete(name);
    // Declaring again what is there would move its next run.
    const same = had && had.pattern === cron && had.tz === timezone && JSON.stringify(had.template?.data ?? {}) === JSON.stringify(data);
    if (!same) await queue.upsertJobScheduler(name, { pattern: cron, tz: timezone }, { name, data, opts: jobOptions(options) });
  }
  for (const gone of known.keys()) await queue.removeJobScheduler(gone);
}
