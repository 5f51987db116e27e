// What is the same for everybody who puts jobs into a queue or takes them out.

/**
 * @typedef {object} QueueOptions
 * @property {"bullmq" | "postgres"} kind where the queue is kept: Redis, or the service's own PostgreSQL
 * @property {number} attempts how often a job is tried, the first time included
 * @property {number} backoffSeconds pause before the second try; doubled before each further one
 * @property {number} keepFailedDays how long a job that failed for good is kept
 * @property {number} keepFailed how many of them are kept, at most
 */

/** @type {Readonly<QueueOptions>} */
export const DEFAULTS = Object.freeze({ kind: "bullmq", attempts: 5, backoffSeconds: 1, keepFailedDays: 7, keepFailed: 10_000 });

/**
 * @typedef {object} Schedule
 * @property {string} cron five fields, or six with seconds first
 * @property {string} timezone an IANA name, for example Europe/Vienna
 * @property {boolean} exclusive whether a run that is due while the last one is still under way waits for its end
 * @property {Record<string, unknown>} payload what the jobs get
 */

/** Range of each number; everything is told in seconds or days, as in the stack file. */
const RANGES = /** @type {const} */ ({
  attempts: [1, 100],
  backoffSeconds: [1, 3600],
  keepFailedDays: [1, 90],
  keepFailed: [1, 1_000_000],
});

/**
 * @param {string | undefined} text a JSON object of options by queue
 * @param {string[]} queues all get options, told or by default
 * @param {(what: string) => void} fault
 * @returns {Record<string, QueueOptions>}
 */
export function readQueueOptions(text, queues, fault) {
  const told = readObject(text, fault);
  for (const name of Object.keys(told)) if (!queues.includes(name)) fault(`${JSON.stringify(name)} is not in QUEUES`);
  return Object.fromEntries(queues.map((name) => [name, readOne(name, told[name] ?? {}, fault)]));
}

/** @param {string} name @param {unknown} told @param {(what: string) => void} fault @returns {QueueOptions} */
function readOne(name, told, fault) {
  const options = { ...DEFAULTS, .../** @type {Partial<QueueOptions>} */ (told) };
  for (const key of Object.keys(options)) if (!(key in DEFAULTS)) fault(`${name}.${key} is not an option of a queue`);
  if (!["bullmq", "postgres"].includes(options.kind)) fault(`${name}.kind must be bullmq or postgres`);
  for (const [key, [least, most]] of Object.entries(RANGES)) {
    const value = options[/** @type {keyof typeof RANGES} */ (key)];
    if (!Number.isInteger(value) || value < least || value > most) fault(`${name}.${key} must be a whole number from ${least} to ${most}`);
  }
  return options;
}

/**
 * @param {string | undefined} text a JSON object of schedules by name
 * @param {(what: string) => void} fault
 * @returns {Record<string, Schedule>}
 */
export function readSchedules(text, fault) {
  /** @type {Record<string, Schedule>} */
  const schedules = {};
  for (const [name, told] of Object.entries(readObject(text, fault))) {
    const { cron, timezone = "UTC", exclusive = false, payload = {} } = /** @type {Partial<Schedule>} */ (told);
    if (typeof cron !== "string" || ![5, 6].includes(cron.trim().split(/\s+/).length)) {
      fault(`${name}.cron must have five fields, or six with seconds first`);
    } else if (!isTimezone(timezone)) {
      fault(`${name}.timezone must be a name such as Europe/Vienna`);
    } else {
      schedules[name] = { cron, timezone, exclusive: exclusive === true, payload };
    }
  }
  return schedules;
}

/** @param {string} name */
function isTimezone(name) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** @param {string | undefined} text @param {(what: string) => void} fault @returns {Record<string, unknown>} */
function readObject(text, fault) {
  if (!text?.trim()) return {};
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  } catch {
    // Told below, with what would be right.
  }
  fault("must be a JSON object");
  return {};
}
