// Where queues are kept. Jobs, workers, schedules and counts are the same above it.

import { Queue, Worker, createPostgresBackend, runMigrations } from "bullmq";

import { sleep } from "../deadline.js";
import { closeAll, connectForQueues, probeQueueRedis } from "../redis/connection.js";

/**
 * @typedef {object} QueueStore
 * @property {() => Promise<void>} prepare resolves when jobs can be kept, or after `stop`
 * @property {() => Promise<void>} stop give up preparing
 * @property {(name: string) => Queue} queue only after `prepare`
 * @property {(name: string, handler: Handler, options: WorkerOptions) => Worker} worker only after `prepare`
 * @property {import("../health.js").Check} check
 * @property {() => Promise<void>} close after everything that was opened is closed
 */
/** @typedef {QueueStore & { redis: import("ioredis").Redis }} RedisQueues */
/** @typedef {(job: any) => Promise<unknown>} Handler */
/** @typedef {{ concurrency: number, lockDuration: number, stalledInterval: number, maxStalledCount: number }} WorkerOptions */
/** @typedef {import("../log.js").Log} Log */

/** Schema of the tables that hold queues kept in PostgreSQL; the library makes and upgrades them. */
const SCHEMA = "bullmq";

/**
 * Queues in a Redis that never evicts.
 *
 * @param {string} url
 * @param {{ queuePrefix: string }} config
 * @param {Log} log
 * @returns {RedisQueues}
 */
export function redisQueues(url, { queuePrefix }, log) {
  const redis = connectForQueues(url, "queues", log);
  // The check of the eviction policy is readiness's, told there as a finding rather than printed.
  const common = { connection: redis, prefix: queuePrefix, skipVersionCheck: true };
  return {
    redis,
    prepare: async () => {},
    stop: async () => {},
    queue: (name) => heard(new Queue(name, common), name, log),
    worker: (name, handler, options) => heard(new Worker(name, handler, { ...common, ...options }), name, log),
    check: { name: "queue-redis", type: "datastore", probe: () => probeQueueRedis(redis) },
    close: () => closeAll([redis]),
  };
}

/**
 * Queues in the service's own database: enqueued with the same durability as its data, and no Redis needed.
 *
 * Workers hear of new jobs by LISTEN, so the address must lead to the server or to a pool of sessions.
 *
 * @param {string} url
 * @param {{ instance: string, databasePoolSize: number }} config
 * @param {Log} log
 * @returns {Promise<QueueStore>}
 */
export async function postgresQueues(url, { instance, databasePoolSize }, log) {
  const { default: pg } = await import("pg");
  const connection = { connectionString: url, max: databasePoolSize, connectionTimeoutMillis: 2000, keepAlive: true, application_name: instance };
  let stopped = false;
  let fault = "not tried yet";
  /** One of them migrates, the others wait for it. */
  const migrate = async () => {
    const client = new pg.Client(connection);
    client.on("error", (error) => log.debug("queue schema connection lost", { error: String(error) }));
    await client.connect();
    try {
      await runMigrations(client, SCHEMA);
    } finally {
      await client.end();
    }
  };
  const options = /** @type {any} */ ({ connection: { ...connection, schema: SCHEMA } });
  // The library's types have one backend's queue unlike the other's, though they do the same.
  const backend = /** @type {any} */ (createPostgresBackend);
  return {
    prepare: async () => {
      while (fault && !stopped) {
        try {
          await migrate();
          fault = "";
        } catch (error) {
          const reason = error instanceof Error ? error.message || error.name : String(error);
          if (reason !== fault) log.warn("queue schema not yet up to date", { error: reason });
          fault = reason;
          await sleep(500);
        }
      }
    },
    queue: (name) => heard(new Queue(name, options, backend), name, log),
    worker: (name, handler, more) => heard(new Worker(name, handler, { ...options, ...more }, backend), name, log),
    // That the server answers is the database's own check.
    check: { name: "queue-schema", type: "component", probe: async () => (fault ? { status: "fail", output: fault } : { status: "pass" }) },
    stop: async () => {
      stopped = true;
    },
    // Queues and workers close the connections that they opened.
    close: async () => {},
  };
}

/**
 * Without a listener an error event would end the process; readiness and the log of the connection tell of it.
 *
 * @template {{ on(event: "error", listener: (error: Error) => void): unknown }} T
 * @param {T} opened
 * @param {string} queue
 * @param {Log} log
 * @returns {T}
 */
function heard(opened, queue, log) {
  opened.on("error", (error) => log.debug("queue error", { queue, error: String(error) }));
  return opened;
}
