// The API: composes the parts, listens at once, is ready when its dependencies are.

import { Health } from "../health.js";
import { createApp, listen } from "../http/app.js";
import { jobRoutes } from "../http/job-routes.js";
import { objectRoutes } from "../http/object-routes.js";
import { recordRoutes } from "../http/record-routes.js";
import { countRequests, serveMetrics } from "../http/requests.js";
import { stateRoutes } from "../http/state-routes.js";
import { Streams } from "../http/streams.js";
import { onTermination } from "../lifecycle.js";
import { Breakers } from "../redis/breaker.js";
import { closeAll, connect, probeRedis } from "../redis/connection.js";
import { RedisEffects } from "../redis/effects.js";
import { IdempotencyKeys } from "../redis/idempotency.js";
import { RateLimit } from "../redis/rate-limit.js";
import { Sessions } from "../redis/sessions.js";
import { LiveSettings } from "../settings.js";

/** @param {import("../config.js").Config} config @param {import("../log.js").Log} log */
export async function startApi(config, log) {
  const redis = connect(/** @type {string} */ (config.redisUrl), "cache", log);
  const stores = await openStores(config, log);
  const database = config.databaseUrl ? await openDatabase(config, config.databaseUrl, log) : null;
  const effects = database?.effects ?? new RedisEffects(stores.bullmq?.redis ?? redis, config);
  const breakers = new Breakers(redis, config, log);
  const health = new Health(config, [
    { name: "redis", type: "datastore", probe: () => probeRedis(redis) },
    ...Object.values(stores).map((store) => store.check),
    ...(database?.checks ?? []),
  ]);

  const app = createApp(config, health, log);
  const metrics = config.metricsPort ? await serveMetrics(config.metricsPort, countRequests(app)) : null;
  const settings = new LiveSettings(config.configDir, config, log);
  await settings.look();
  const streams = new Streams(config);
  streams.routes(app);
  const { service, version, instance, queues, cdnUrl } = config;
  app.get("/", async () => ({ service, version, instance, queues, cdnUrl, settings: settings.version }));
  stateRoutes(app, {
    sessions: new Sessions(redis, config),
    limit: new RateLimit(redis, config, settings),
    keys: new IdempotencyKeys(redis, config),
    breakers,
    effects,
    service,
  });
  if (database) recordRoutes(app, database.records);
  const jobs = queues.length > 0 ? await openJobs(stores, config) : null;
  if (jobs) jobRoutes(app, jobs, effects);
  const store = config.uploadsBucket ? await openStore(app, redis, breakers, { ...config, uploadsBucket: config.uploadsBucket }) : null;

  const listening = breakers.listen();
  listening.catch((error) => log.warn("breaker changes are not heard yet", { error: String(error) }));
  onTermination(
    {
      drain: () => {
        health.drain();
        streams.drain();
      },
      lameDuckMs: config.lameDuckMs,
      finish: () => app.close(),
      release: async () => {
        settings.stop();
        metrics?.close();
        await jobs?.close();
        await database?.close();
        await store?.close();
        await stores.bullmq?.close();
        await closeAll([redis, breakers.subscriber]);
      },
      drainMs: config.drainMs,
    },
    log,
  );
  log.info("listening", { port: await listen(app, config.port) });
}

/** @param {import("../config.js").Config} config @param {string} url @param {import("../log.js").Log} log */
async function openDatabase(config, url, log) {
  const { Database } = await import("../postgres/pool.js");
  const { PostgresEffects } = await import("../postgres/effects.js");
  const { ReadRouter } = await import("../postgres/replicas.js");
  const { Records } = await import("../postgres/records.js");
  const { Schema } = await import("../postgres/migrations.js");
  const size = config.databasePoolSize;
  const writer = new Database(url, { name: config.instance, size, log });
  const readers = config.readerUrls.map((reader) => new Database(reader, { name: config.instance, size, log }));
  const reads = new ReadRouter(writer, readers, { maxLagMs: config.replicaMaxLagMs, log });
  const schema = new Schema(writer, log);
  void schema.bringUpToDate();
  return {
    effects: new PostgresEffects(writer, config),
    records: new Records(writer, reads, config),
    checks: [
      { name: "database", type: "datastore", probe: () => writer.probeWriter() },
      { name: "schema", type: "component", probe: () => schema.probe() },
      ...(readers.length > 0 ? [{ name: "replicas", type: "datastore", probe: () => reads.probe() }] : []),
    ],
    close: async () => {
      schema.stop();
      await Promise.all([writer, ...readers].map((database) => database.close()));
    },
  };
}

/**
 * Only what is configured is loaded.
 *
 * @param {import("../config.js").Config} config
 * @param {import("../log.js").Log} log
 * @returns {Promise<{ bullmq?: import("../queues/stores.js").RedisQueues, postgres?: import("../queues/stores.js").QueueStore }>}
 */
async function openStores(config, log) {
  const inPostgres = Object.values(config.queueOptions).some(({ kind }) => kind === "postgres");
  if (!config.queueRedisUrl && !inPostgres) return {};
  const { postgresQueues, redisQueues } = await import("../queues/stores.js");
  return {
    ...(config.queueRedisUrl ? { bullmq: redisQueues(config.queueRedisUrl, config, log) } : {}),
    ...(config.databaseUrl && inPostgres ? { postgres: await postgresQueues(config.databaseUrl, config, log) } : {}),
  };
}

/** @param {Record<string, import("../queues/stores.js").QueueStore>} stores @param {import("../config.js").Config} config */
async function openJobs(stores, config) {
  const { Jobs } = await import("../queues/jobs.js");
  return new Jobs(stores, config);
}

/**
 * @param {import("fastify").FastifyInstance} app
 * @param {import("ioredis").Redis} redis
 * @param {Breakers} breakers
 * @param {import("../config.js").Config & { uploadsBucket: string }} config
 */
async function openStore(app, redis, breakers, config) {
  const { ObjectStore } = await import("../objects/store.js");
  const { Uploads } = await import("../objects/uploads.js");
  const store = new ObjectStore(config, breakers);
  objectRoutes(app, store, new Uploads(redis, store, config));
  return store;
}
