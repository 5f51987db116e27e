// The worker of one queue.

import { Worker } from "bullmq";

import { Health } from "../health.js";
import { serveProbes } from "../http/probes-server.js";
import { onTermination } from "../lifecycle.js";
import { createHandler } from "../queues/handler.js";
import { closeAll, connectForQueues, probeQueueRedis } from "../redis/connection.js";
import { RedisEffects } from "../redis/effects.js";

/** A worker's death is not its job's fault: only a job that kills this many is given up. */
const MAX_STALLED = 10;

/** @param {import("../config.js").Config} config @param {import("../log.js").Log} log */
export async function startWorker(config, log) {
  const redis = connectForQueues(/** @type {string} */ (config.queueRedisUrl), "queues", log);
  const database = config.databaseUrl ? await openDatabase(config, config.databaseUrl, log) : null;
  const effects = database?.effects ?? new RedisEffects(redis, config);
  const health = new Health(config, [
    { name: "queue-redis", type: "datastore", probe: () => probeQueueRedis(redis) },
    ...(database?.checks ?? []),
  ]);
  const server = await serveProbes(config, health);
  // No jobs before the schema is there: their first tries would be wasted.
  let worker = /** @type {Worker | null} */ (null);
  const started = (database?.schema.bringUpToDate() ?? Promise.resolve()).then(() => {
    if (!health.draining) worker = work(config, redis, createHandler(effects, config), log);
  });
  onTermination(
    {
      drain: () => health.drain(),
      lameDuckMs: 0,
      finish: async () => {
        database?.schema.stop();
        await started;
        await worker?.close();
      },
      release: async () => {
        await database?.close();
        await closeAll([redis]);
        server.close();
      },
      drainMs: config.drainMs,
    },
    log,
  );
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  log.info("listening", { port, queue: config.queues[0], concurrency: config.queueConcurrency });
}

/**
 * @param {import("../config.js").Config} config
 * @param {import("ioredis").Redis} connection
 * @param {ReturnType<typeof createHandler>} handler
 * @param {import("../log.js").Log} log
 */
function work(config, connection, handler, log) {
  const queue = config.queues[0];
  const worker = new Worker(queue, handler, {
    connection,
    prefix: config.queuePrefix,
    concurrency: config.queueConcurrency,
    lockDuration: config.jobLockMs,
    stalledInterval: config.jobLockMs,
    maxStalledCount: MAX_STALLED,
    skipVersionCheck: true,
  });
  worker.on("error", (error) => log.debug("worker error", { queue, error: String(error) }));
  worker.on("stalled", (id) => log.warn("job taken over from a worker that is gone", { queue, job: id }));
  worker.on("failed", (job, error) => log.warn("job failed", { queue, job: job?.id, attempts: job?.attemptsMade, error: error.message }));
  return worker;
}

/** @param {import("../config.js").Config} config @param {string} url @param {import("../log.js").Log} log */
async function openDatabase(config, url, log) {
  const { Database } = await import("../postgres/pool.js");
  const { PostgresEffects } = await import("../postgres/effects.js");
  const { Schema } = await import("../postgres/migrations.js");
  const writer = new Database(url, { name: config.instance, size: config.databasePoolSize, log });
  const schema = new Schema(writer, log);
  return {
    effects: new PostgresEffects(writer, config),
    schema,
    checks: [
      { name: "database", type: "datastore", probe: () => writer.probeWriter() },
      { name: "schema", type: "component", probe: () => schema.probe() },
    ],
    close: () => writer.close(),
  };
}
