// What the process is told by its environment: read once, checked whole, then frozen.

import { readQueueOptions, readSchedules } from "./queues/options.js";

/** @typedef {"api" | "worker" | "dashboard"} Role */

/**
 * @typedef {object} Config
 * @property {Role} role
 * @property {string} service name of the service, first part of every key it keeps in Redis
 * @property {string} instance name of this very process, told in `x-instance-id`
 * @property {string} version
 * @property {number} port
 * @property {string} logLevel
 * @property {boolean} logRequests one line for each request that was answered, health paths apart
 * @property {string | null} redisUrl sessions, limits, breakers, idempotency keys, upload sessions
 * @property {string | null} queueRedisUrl BullMQ; a server that never evicts
 * @property {string | null} databaseUrl PostgreSQL writer
 * @property {string[]} readerUrls PostgreSQL replicas
 * @property {number} databasePoolSize connections to each PostgreSQL server, at most
 * @property {number} replicaMaxLagMs a replica further behind than this is not read from
 * @property {string | null} uploadsBucket
 * @property {string | null} cdnUrl
 * @property {string} awsRegion
 * @property {string | null} awsEndpointUrl
 * @property {string[]} queues
 * @property {number} queueConcurrency
 * @property {Record<string, import("./queues/options.js").QueueOptions>} queueOptions of each of `queues`
 * @property {Record<string, import("./queues/options.js").Schedule>} schedules of a worker's queue, by name
 * @property {string} queuePrefix
 * @property {number} jobLockMs a job whose worker has not renewed its lock for so long is given to another
 * @property {number} jobMaxMs a job that takes longer has failed
 * @property {number} jobMaxStalled a job that outlives so many workers is given up: it may be what kills them
 * @property {string | null} dashboardUsername
 * @property {string | null} dashboardPassword
 * @property {string | null} dashboardPasswordPrevious still accepted
 * @property {number} rateLimitRequests
 * @property {number} rateLimitWindowMs
 * @property {number} sessionTtlMs
 * @property {number} breakerThreshold failures within the window that open a breaker
 * @property {number} breakerWindowMs
 * @property {number} breakerCooldownMs
 * @property {number} drainMs from SIGTERM to exit, at most
 * @property {number} streamMs part of `drainMs` over which streams are asked to go elsewhere
 * @property {string | null} configDir folder with settings that may change while the process runs
 * @property {number | null} metricsPort where an API tells how many requests it had
 * @property {number} lameDuckMs part of `drainMs`: still accepting, no longer ready
 */

/** The environment is not fit to start with; `problems` has one line for each fault. */
export class ConfigError extends Error {
  /** @param {string[]} problems */
  constructor(problems) {
    super(problems.join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

const ROLES = ["api", "worker", "dashboard"];
const LOG_LEVELS = ["debug", "info", "warn", "error"];

/**
 * Read the configuration of one role.
 *
 * Empty variables count as missing. Values that may hold a credential are never repeated in a problem.
 *
 * @param {string | undefined} role
 * @param {NodeJS.ProcessEnv} env
 * @returns {Readonly<Config>}
 * @throws {ConfigError} naming every fault at once
 */
export function readConfig(role, env) {
  if (role === undefined || !ROLES.includes(role)) {
    throw new ConfigError([`role: ${JSON.stringify(role ?? "")} is not a role; start with one of ${ROLES.join(", ")}`]);
  }
  const read = new Reader(env);
  const queues = read.list("QUEUES");
  const api = role === "api";
  const worker = role === "worker";
  const dashboard = role === "dashboard";
  if ((worker || dashboard) && queues.length === 0) read.fault("QUEUES", "is missing; name the queues, separated by commas");
  if (worker && queues.length > 1) read.fault("QUEUES", `names ${queues.length} queues; a worker serves exactly one`);
  if (env.MEMORY_FALLBACK && env.MEMORY_FALLBACK !== "false") {
    read.fault("MEMORY_FALLBACK", "must be false; shared state is kept in Redis only, so that any instance can serve any request");
  }
  const queueOptions = readQueueOptions(env.QUEUE_OPTIONS, queues, (what) => read.fault("QUEUE_OPTIONS", what));
  const kinds = new Set(Object.values(queueOptions).map((options) => options.kind));
  if (dashboard && kinds.has("postgres")) read.fault("QUEUE_OPTIONS", "the dashboard shows queues of kind bullmq only");
  const drainSeconds = read.number("SHUTDOWN_DRAIN_SECONDS", 20, 1, 3600);
  const config = {
    role: /** @type {Role} */ (role),
    service: read.text("SERVICE_NAME", true) ?? "",
    instance: read.text("POD_NAME") ?? read.text("HOSTNAME") ?? `${role}-${process.pid}`,
    version: read.text("APP_VERSION") ?? "0.1.0",
    port: read.number("PORT", 8080, 0, 65535),
    logLevel: read.choice("LOG_LEVEL", "info", LOG_LEVELS),
    logRequests: read.choice("LOG_REQUESTS", "false", ["true", "false"]) === "true",
    redisUrl: read.url("REDIS_URL", ["redis:", "rediss:"], api),
    queueRedisUrl: read.url("QUEUE_REDIS_URL", ["redis:", "rediss:"], kinds.has("bullmq")),
    databaseUrl: read.url("DATABASE_URL", ["postgres:", "postgresql:"], kinds.has("postgres")),
    readerUrls: read.urls("DATABASE_READER_URLS", ["postgres:", "postgresql:"]),
    databasePoolSize: read.number("DATABASE_POOL_SIZE", 3, 1, 100),
    replicaMaxLagMs: read.number("REPLICA_MAX_LAG_MS", 1000, 0, 3_600_000),
    uploadsBucket: read.text("UPLOADS_BUCKET"),
    cdnUrl: read.text("CDN_URL"),
    awsRegion: read.text("AWS_REGION") ?? "us-east-1",
    awsEndpointUrl: read.url("AWS_ENDPOINT_URL", ["http:", "https:"]),
    queues,
    queueConcurrency: read.number("QUEUE_CONCURRENCY", 5, 1, 1000),
    queueOptions,
    schedules: readSchedules(worker ? env.QUEUE_SCHEDULES : undefined, (what) => read.fault("QUEUE_SCHEDULES", what)),
    queuePrefix: read.text("QUEUE_PREFIX") ?? "{groundwork}",
    jobLockMs: 1000 * read.number("JOB_LOCK_SECONDS", 15, 1, 3600),
    jobMaxMs: 1000 * read.number("JOB_MAX_SECONDS", 60, 1, 3600),
    jobMaxStalled: read.number("JOB_MAX_STALLED", 10, 1, 1000),
    dashboardUsername: read.text("DASHBOARD_USERNAME", dashboard),
    dashboardPassword: read.text("DASHBOARD_PASSWORD", dashboard),
    dashboardPasswordPrevious: read.text("DASHBOARD_PASSWORD_PREVIOUS"),
    rateLimitRequests: read.number("RATE_LIMIT_REQUESTS", 60, 1, 100_000),
    rateLimitWindowMs: 1000 * read.number("RATE_LIMIT_WINDOW_SECONDS", 60, 1, 86_400),
    sessionTtlMs: 1000 * read.number("SESSION_TTL_SECONDS", 3600, 1, 2_592_000),
    breakerThreshold: read.number("BREAKER_THRESHOLD", 5, 1, 1000),
    breakerWindowMs: 1000 * read.number("BREAKER_WINDOW_SECONDS", 60, 1, 86_400),
    breakerCooldownMs: 1000 * read.number("BREAKER_COOLDOWN_SECONDS", 10, 1, 86_400),
    drainMs: 1000 * drainSeconds,
    streamMs: 1000 * read.number("SHUTDOWN_STREAM_SECONDS", 0, 0, drainSeconds),
    configDir: read.text("CONFIG_DIR"),
    metricsPort: read.number("METRICS_PORT", 0, 0, 65535) || null,
    // Long enough for a probe or two to see 503 before the socket is closed, short beside the whole.
    lameDuckMs: Math.min(3000, 200 * drainSeconds),
  };
  if (read.problems.length > 0) throw new ConfigError(read.problems);
  return Object.freeze(config);
}

/** Collects one problem for each variable that will not do. */
class Reader {
  /** @param {NodeJS.ProcessEnv} env */
  constructor(env) {
    this.env = env;
    /** @type {string[]} */
    this.problems = [];
  }

  /** @param {string} name @param {string} what */
  fault(name, what) {
    this.problems.push(`${name}: ${what}`);
  }

  /** @param {string} name @param {boolean} [required] @returns {string | null} */
  text(name, required = false) {
    const value = this.env[name]?.trim();
    if (value) return value;
    if (required) this.fault(name, "is missing");
    return null;
  }

  /** @param {string} name @param {string} fallback @param {string[]} allowed */
  choice(name, fallback, allowed) {
    const value = this.text(name) ?? fallback;
    if (!allowed.includes(value)) this.fault(name, `${JSON.stringify(value)} is not one of ${allowed.join(", ")}`);
    return value;
  }

  /** @param {string} name @param {number} fallback @param {number} least @param {number} most */
  number(name, fallback, least, most) {
    const text = this.text(name);
    if (text === null) return fallback;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    this.fault(name, `${JSON.stringify(text)} is not a whole number from ${least} to ${most}`);
    return fallback;
  }

  /** @param {string} name @returns {string[]} */
  list(name) {
    return (this.env[name] ?? "").split(",").map((part) => part.trim()).filter(Boolean);
  }

  /** @param {string} name @param {string[]} schemes @param {boolean} [required] @returns {string | null} */
  url(name, schemes, required = false) {
    const value = this.text(name, required);
    if (value !== null) this.checkUrl(name, value, schemes);
    return value;
  }

  /** @param {string} name @param {string[]} schemes @returns {string[]} */
  urls(name, schemes) {
    const values = this.list(name);
    for (const value of values) this.checkUrl(name, value, schemes);
    return values;
  }

  /** @param {string} name @param {string} value @param {string[]} schemes */
  checkUrl(name, value, schemes) {
    const parsed = URL.canParse(value) ? new URL(value) : null;
    if (parsed === null || !schemes.includes(parsed.protocol) || !parsed.hostname) {
      this.fault(name, `is not a URL of the form ${schemes.map((scheme) => `${scheme}//host:port`).join(" or ")}`);
    }
  }
}
