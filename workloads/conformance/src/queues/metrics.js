// What a queue's workers tell an autoscaler and a monitor, in Prometheus' text format.

const STATES = /** @type {const} */ (["waiting", "prioritized", "delayed", "active", "failed", "completed"]);

/**
 * @typedef {object} Backlog
 * @property {Record<string, number>} counts jobs by state
 * @property {number} due delayed jobs whose time has come
 * @property {number} backlog jobs that workers have or should have: waiting, prioritized, due and active
 */

/**
 * The real backlog: `waiting` and `active` are lists, `prioritized` and `delayed` are sorted sets, and whoever looks at
 * the length of one list misses the others. Delayed jobs count once they are due: those of tomorrow need no worker today.
 * While the queue is paused, only jobs under way count: more workers would have nothing to do.
 *
 * @param {import("bullmq").Queue} queue
 * @returns {Promise<Backlog>}
 */
export async function backlogOf(queue) {
  const [counts, due, paused] = await Promise.all([
    queue.getJobCounts(...STATES),
    queue.getDelayedCount(Date.now() + 1),
    queue.isPaused(),
  ]);
  const { waiting, prioritized, active } = counts;
  return { counts, due, backlog: active + (paused ? 0 : waiting + prioritized + due) };
}

/**
 * @param {string} queue
 * @param {Backlog} found
 * @returns {string}
 */
export function metricsText(queue, { counts, due, backlog }) {
  const label = `queue="${queue}"`;
  const states = Object.entries({ ...counts, due }).map(([state, count]) => `groundwork_queue_jobs{${label},state="${state}"} ${count}`);
  return [
    "# HELP groundwork_queue_backlog Jobs that workers have or should have: waiting, prioritized, due delayed and active.",
    "# TYPE groundwork_queue_backlog gauge",
    `groundwork_queue_backlog{${label}} ${backlog}`,
    "# HELP groundwork_queue_jobs Jobs by state; failed are dead letters: tried as often as allowed, kept for a person to look at.",
    "# TYPE groundwork_queue_jobs gauge",
    ...states,
    "",
  ].join("\n");
}
