// The worker of one queue.

import { within } from "../deadline.js";
import { Health } from "../health.js";
import { serveProbes } from "../http/probes-server.js";
import { onTermination } from "../lifecycle.js";
import { createHandler } from "../queues/handler.js";
import { PostgresLeases, RedisLeases } from "../queues/leases.js";
import { backlogOf, metricsText } from "../queues/metrics.js";
import { keepSchedules } from "../queues/schedules.js";
import { postgresQueues, redisQueues } from "../queues/stores.js";
import { RedisEffects } from "../redis/effects.js";

/** Below the usual patience of whoever asks for metrics. */
const METRICS_TIMEOUT_MS = 2000;

/** @param {import("../config.js").Config} config @param {import("../log.js").Log} log */
export async function startWorker(config, log) {
  const queue = config.queues[0];
  const database = config.databaseUrl ? await openDatabase(config, config.databaseUrl, log) : null;
  const { store, effects, leases } = await openStore(config, database, log);
  const health = new Health(config, [store.check, ...(database?.checks ?? [])]);
  let work = /** @type {ReturnType<typeof begin> | null} */ (null);
  const server = await serveProbes(config, health, async () => {
    if (work === null) throw new Error("not started yet");
    return metricsText(queue, await within(backlogOf(work.queue), METRICS_TIMEOUT_MS, "counting"));
  });
  // No jobs before the schema is there: their first tries would be wasted.
  const started = Promise.all([store.prepare(), database?.schema.bringUpToDate()]).then(() => {
    if (!health.draining) work = begin(config, store, createHandler(effects, config, leases), log);
  });
  onTermination(
    {
      drain: () => health.drain(),
      lameDuckMs: 0,
      finish: async () => {
        database?.schema.stop();
        await store.stop();
        await started;
        await work?.finish();
      },
      release: async () => {
        await work?.release();
        await store.close();
        await database?.close();
        server.close();
      },
      drainMs: config.drainMs,
    },
    log,
  );
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  log.info("listening", { port, queue, concurrency: config.queueConcurrency });
}

/**
 * @param {import("../config.js").Config} config
 * @param {import("../queues/stores.js").QueueStore} store
 * @param {ReturnType<typeof createHandler>} handler
 * @param {import("../log.js").Log} log
 */
function begin(config, store, handler, log) {
  const name = config.queues[0];
  const queue = store.queue(name);
  const schedules = keepSchedules(queue, config.schedules, config.queueOptions[name], log);
  const worker = store.worker(name, handler, {
    concurrency: config.queueConcurrency,
    lockDuration: config.jobLockMs,
    stalledInterval: config.jobLockMs,
    maxStalledCount: config.jobMaxStalled,
  });
  worker.on("stalled", (id) => log.warn("job taken over from a worker that is gone", { queue: name, job: id }));
  worker.on("failed", (job, error) => {
    const last = job === undefined || job.finishedOn !== undefined;
    log.warn(last ? "job failed for good" : "job failed", { queue: name, job: job?.id, attempts: job?.attemptsMade, error: error.message });
  });
  return {
    queue,
    finish: async () => {
      await schedules.stop();
      await worker.close();
    },
    release: () => queue.close(),
  };
}

/**
 * @param {import("../config.js").Config} config
 * @param {Awaited<ReturnType<typeof openDatabase>> | null} database
 * @param {import("../log.js").Log} log
 * @returns {Promise<{ store: import("../queues/stores.js").QueueStore, effects: import("../postgres/effects.js").Effects, leases: import("../queues/leases.js").Leases }>}
 */
async function openStore(config, database, log) {
  if (config.queueOptions[config.queues[0]].kind === "postgres") {
    const { writer, effects } = /** @type {NonNullable<typeof database>} */ (database);
    const store = await postgresQueues(/** @type {string} */ (config.databaseUrl), config, log);
    return { store, effects, leases: new PostgresLeases(writer) };
  }
  const store = redisQueues(/** @type {string} */ (config.queueRedisUrl), config, log);
  return { store, effects: database?.effects ?? new RedisEffects(store.redis, config), leases: new RedisLeases(store.redis, config) };
}

/** @param {import("../config.js").Config} config @param {string} url @param {import("../log.js").Log} log */
async function openDatabase(config, url, log) {
  const { Database } = await import("../postgres/pool.js");
  const { PostgresEffects } = await import("../postgres/effects.js");
  const { Schema } = await import("../postgres/migrations.js");
  const writer = new Database(url, { name: config.instance, size: config.databasePoolSize, log });
  const schema = new Schema(writer, log);
  return {
    writer,
    effects: new PostgresEffects(writer, config),
    schema,
    checks: [
      { name: "database", type: "datastore", probe: () => writer.probeWriter() },
      { name: "schema", type: "component", probe: () => schema.probe() },
    ],
    close: () => writer.close(),
  };
}
