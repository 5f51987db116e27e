// What is promised of every queue, wherever it is kept: the same tests for Redis and for PostgreSQL.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { createLog } from "../src/log.js";
import { PostgresEffects } from "../src/postgres/effects.js";
import { migrate } from "../src/postgres/migrations.js";
import { Database } from "../src/postgres/pool.js";
import { jobOptions } from "../src/queues/jobs.js";
import { createHandler } from "../src/queues/handler.js";
import { PostgresLeases, RedisLeases, holding } from "../src/queues/leases.js";
import { backlogOf, metricsText } from "../src/queues/metrics.js";
import { DEFAULTS } from "../src/queues/options.js";
import { declare } from "../src/queues/schedules.js";
import { postgresQueues, redisQueues } from "../src/queues/stores.js";
import { RedisEffects } from "../src/redis/effects.js";
import { Cleanup, freePort, until } from "./support/processes.js";
import { sql, startPostgres, startRedis } from "./support/servers.js";
import { SHORT_LOCK, startWorkload } from "./support/workload.js";

const log = createLog({ service: "t", instance: "t", role: "t", logLevel: "error" });
const cleanup = new Cleanup();
const KINDS = /** @type {const} */ (["bullmq", "postgres"]);
const PREFIX = { queuePrefix: "{groundwork}" };
/** @type {Awaited<ReturnType<typeof startRedis>>} */
let redis;
/** @type {Awaited<ReturnType<typeof startPostgres>>} */
let postgres;
/** @type {Database} */
let writer;

before(async () => {
  [redis, postgres] = await Promise.all([startRedis(cleanup), startPostgres(cleanup)]);
  writer = new Database(postgres.url, { name: "t", size: 2, log });
  cleanup.add(() => writer.close());
  await migrate(writer);
});
after(() => cleanup.run());

/** A queue of its own for a test, closed after it. @param {typeof KINDS[number]} kind @param {string} name */
async function open(kind, name) {
  const store =
    kind === "bullmq" ? redisQueues(redis.url, PREFIX, log) : await postgresQueues(postgres.url, { instance: "t", databasePoolSize: 2 }, log);
  await store.prepare();
  const queue = store.queue(name);
  cleanup.add(() => store.close());
  cleanup.add(() => queue.close());
  return { store, queue };
}

/** @param {typeof KINDS[number]} kind @param {string} name @param {Record<string, unknown>} [options] */
function environment(kind, name, options = {}) {
  /** @type {Record<string, string>} */
  const stores = kind === "bullmq" ? { QUEUE_REDIS_URL: redis.url } : {};
  return { ...stores, DATABASE_URL: postgres.url, QUEUES: name, QUEUE_OPTIONS: JSON.stringify({ [name]: { kind, ...options } }) };
}

/** A worker that is gone after its test. @param {import("node:test").TestContext} context @param {Record<string, string>} env */
async function worker(context, env) {
  const started = await startWorkload("worker", env, cleanup);
  context.after(async () => {
    started.child.kill("SIGKILL");
    await started.exited;
  });
  await started.ready();
  return started;
}

/** @param {import("bullmq").Queue} queue @param {string} id @param {string} state */
function reaches(queue, id, state) {
  return until(async () => (await queue.getJobState(id)) === state && (await queue.getJob(id)), `${id} to be ${state}`);
}

for (const kind of KINDS) {
  test(`P0-SCALE ${kind}: the backlog has waiting, prioritized, due and active jobs, not those of tomorrow`, async () => {
    const { store, queue } = await open(kind, "backlog");
    let release = () => {};
    const gate = new Promise((resolve) => (release = () => resolve(undefined)));
    const busy = store.worker("backlog", () => gate, { concurrency: 1, lockDuration: 30_000, stalledInterval: 30_000, maxStalledCount: 1 });
    await queue.add("j", {});
    await until(async () => (await queue.getActiveCount()) === 1, "the job to begin");
    await queue.add("j", {});
    await queue.add("j", {}, { priority: 3 });
    await queue.add("j", {}, { delay: 3_600_000 });
    const found = await backlogOf(queue);
    assert.deepEqual([found.counts.waiting, found.counts.prioritized, found.counts.active, found.counts.delayed], [1, 1, 1, 1]);
    assert.deepEqual([found.due, found.backlog], [0, 3]);
    assert.match(metricsText("backlog", found), /^groundwork_queue_backlog\{queue="backlog"\} 3$/m);
    await queue.pause();
    assert.equal((await backlogOf(queue)).backlog, 1, "a paused queue needs no further workers");
    release();
    await busy.close();
  });

  test(`P0-SCALE ${kind}: a delayed job counts from the moment that it is due`, async () => {
    const { queue } = await open(kind, "due");
    await queue.add("j", {}, { delay: 1 });
    const found = await until(async () => {
      const now = await backlogOf(queue);
      return now.due === 1 && now;
    }, "the job to be due");
    assert.deepEqual([found.counts.waiting, found.backlog], [0, 1]);
  });

  test(`P0-QUEUE ${kind}: a worker does jobs, tells its backlog, keeps dead letters in bounds, ends jobs that take too long`, async (context) => {
    const name = `all-${kind}`;
    const { queue } = await open(kind, name);
    const running = await worker(context, { ...environment(kind, name, { attempts: 1, keepFailed: 2 }), JOB_MAX_SECONDS: "30", POD_NAME: "w" });
    const options = { ...DEFAULTS, kind, attempts: 1, keepFailed: 2 };
    await queue.add("j", { echo: 1 }, { ...jobOptions(options), jobId: "good" });
    assert.deepEqual((await reaches(queue, "good", "completed")).returnvalue, { doneBy: "w", echo: 1, effects: 1 });
    await queue.add("j", { durationMs: 50_000 }, { ...jobOptions(options), jobId: "long" });
    assert.match((await reaches(queue, "long", "failed")).failedReason, /from 0 to 30000/);
    for (const id of ["bad1", "bad2", "bad3"]) {
      await queue.add("j", { failures: 9 }, { ...jobOptions(options), jobId: id });
      await until(async () => ["failed", "unknown"].includes(await queue.getJobState(id)), `${id} to fail`);
    }
    assert.equal((await queue.getJobCounts("failed")).failed, 2);
    const metrics = await running.call("/metrics");
    assert.equal(metrics.status, 200);
    assert.match(metrics.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assert.match(metrics.text, new RegExp(`^groundwork_queue_backlog\\{queue="${name}"\\} 0$`, "m"));
    assert.match(metrics.text, new RegExp(`^groundwork_queue_jobs\\{queue="${name}",state="failed"\\} 2$`, "m"));
    running.child.kill("SIGTERM");
    assert.equal(await running.exited, 0);
  });

  test(`PV-JOB ${kind}: a worker killed in mid-job: another does the job, its effect happens once`, async (context) => {
    const name = `killed-${kind}`;
    const { queue } = await open(kind, name);
    const first = await worker(context, { ...environment(kind, name), ...SHORT_LOCK, POD_NAME: "k1" });
    await queue.add("j", { durationMs: 3000 }, { ...jobOptions({ ...DEFAULTS, kind }), jobId: "job" });
    await reaches(queue, "job", "active");
    first.child.kill("SIGKILL");
    await first.exited;
    await worker(context, { ...environment(kind, name), ...SHORT_LOCK, POD_NAME: "k2" });
    assert.equal((await reaches(queue, "job", "completed")).returnvalue.doneBy, "k2");
    const rows = await sql(postgres.url, `SELECT instance FROM conformance.effect_log WHERE scope = '${name}'`);
    assert.deepEqual(rows, [{ instance: "k2" }]);
  });

  test(`P0-QUEUE ${kind}: every worker declares the schedule, each run of it is one job`, async (context) => {
    const name = `clock-${kind}`;
    const { queue } = await open(kind, name);
    const schedules = { QUEUE_SCHEDULES: JSON.stringify({ tick: { cron: "* * * * * *", timezone: "UTC" } }) };
    await Promise.all(["c1", "c2", "c3"].map((pod) => worker(context, { ...environment(kind, name), ...schedules, POD_NAME: pod })));
    await until(async () => (await queue.getCompletedCount()) >= 3, "three runs");
    const jobs = await queue.getCompleted();
    // The moment that a run is of ends its ID; when it was put in, and for how long, is told by another clock.
    const slots = jobs.map((job) => Number(/^repeat:tick:(\d+)$/.exec(job.id ?? "")?.[1]) / 1000);
    assert.ok(slots.every(Number.isInteger), jobs.map((job) => job.id).join());
    assert.equal(new Set(slots).size, slots.length, "no second has two runs");
    assert.equal((await queue.getJobSchedulers()).length, 1);
  });

  test(`P0-QUEUE ${kind}: schedules are added, changed and removed as declared; what is the same is left alone`, async () => {
    const { queue } = await open(kind, `declared-${kind}`);
    const nightly = { cron: "0 3 * * *", timezone: "Europe/Vienna", exclusive: true, payload: { echo: 1 } };
    await declare(queue, { nightly, weekly: { ...nightly, cron: "0 4 * * 1" } }, { ...DEFAULTS, kind });
    const before = await queue.getJobSchedulers();
    assert.deepEqual(before.map(({ key, pattern, tz }) => [key, pattern, tz]).sort(), [["nightly", "0 3 * * *", "Europe/Vienna"], ["weekly", "0 4 * * 1", "Europe/Vienna"]]);
    await declare(queue, { nightly }, { ...DEFAULTS, kind });
    const [same, ...others] = await queue.getJobSchedulers();
    assert.deepEqual(others, []);
    assert.deepEqual(same, before.find(({ key }) => key === "nightly"));
    await declare(queue, { nightly: { ...nightly, cron: "0 5 * * *" } }, { ...DEFAULTS, kind });
    assert.equal((await queue.getJobSchedulers())[0].pattern, "0 5 * * *");
    assert.equal(await queue.getDelayedCount(), 1, "the changed schedule's old run is gone");
  });

  test(`P0-QUEUE ${kind}: one holder of a lease at a time; one that lost it without noticing changes nothing`, async () => {
    const client = redisQueues(redis.url, PREFIX, log);
    cleanup.add(() => client.close());
    const leases = kind === "bullmq" ? new RedisLeases(client.redis, PREFIX) : new PostgresLeases(writer);
    const effects = kind === "bullmq" ? new RedisEffects(client.redis, PREFIX) : new PostgresEffects(writer, { instance: "t" });
    const name = `lease-${kind}`;
    const paused = await leases.take(name, 30_000);
    assert.ok(paused);
    assert.equal(await leases.take(name, 30_000), null);
    assert.equal(await leases.renew(paused, 1), true);
    const next = await until(() => leases.take(name, 30_000), "the lease to end");
    assert.ok(next.token > paused.token);
    assert.equal(await leases.renew(paused, 1000), false);
    await effects.once(name, "new", {}, next);
    await assert.rejects(effects.once(name, "old", {}, paused), /gone to another holder/);
    assert.equal(await effects.read(name, "old"), null);
    await leases.release(paused);
    assert.equal(await holding(leases, name, async () => "ran"), null, "a release by the one who lost it releases nothing");
    await leases.release(next);
    assert.equal(await holding(leases, name, async () => "ran"), "ran");
    assert.equal(await holding(leases, name, async () => "again"), "again", "released when the work is done");
  });
}

test("SR-SHUTDOWN: a job that hangs has failed when its time is over, so that a stopping worker never waits for longer", async () => {
  const hanging = { once: () => new Promise(() => {}) };
  const handler = createHandler(/** @type {any} */ (hanging), { instance: "t", jobMaxMs: 50 }, new PostgresLeases(writer));
  await assert.rejects(handler({ id: "1", queueName: "q", data: {}, attemptsMade: 0 }), /the job took longer than 50 ms/);
});

test("P0-QUEUE: a run of an exclusive schedule that is due while the last one is under way does nothing", async () => {
  const leases = new PostgresLeases(writer);
  const handler = createHandler(new PostgresEffects(writer, { instance: "t" }), { instance: "t", jobMaxMs: 5000 }, leases);
  const run = (/** @type {string} */ id) => handler({ id, queueName: "exclusive", data: { lease: "exclusive/nightly" }, attemptsMade: 0 });
  const result = await holding(leases, "exclusive/nightly", () => run("second"));
  assert.deepEqual(result, { skipped: "the last run is still under way" });
  assert.deepEqual(await run("third"), { doneBy: "t", echo: null, effects: 1 });
});

test("PV-DBFAIL: acknowledged jobs in PostgreSQL survive its crash, and the worker goes on by itself", async (context) => {
  const { queue } = await open("postgres", "crash");
  const surviving = await worker(context, { ...environment("postgres", "crash"), ...SHORT_LOCK });
  const ids = Array.from({ length: 10 }, (_, index) => `c${index}`);
  for (const jobId of ids) await queue.add("j", { durationMs: 200 }, { ...jobOptions({ ...DEFAULTS, kind: "postgres" }), jobId });
  await postgres.server.stop("SIGKILL");
  await until(async () => (await surviving.call("/health/ready")).status === 503, "the worker to notice");
  assert.equal((await surviving.call("/metrics")).status, 503, "no number rather than a wrong one");
  await postgres.server.start();
  await surviving.ready();
  for (const id of ids) assert.equal((await reaches(queue, id, "completed")).returnvalue.effects, 1);
});

test("P0-QUEUE: a service puts jobs into both kinds of queue", async () => {
  const both = { REDIS_URL: redis.url, QUEUE_REDIS_URL: redis.url, DATABASE_URL: postgres.url, QUEUES: "in-redis,in-postgres" };
  const api = await startWorkload("api", { ...both, QUEUE_OPTIONS: '{"in-postgres":{"kind":"postgres"}}' }, cleanup);
  await api.ready();
  for (const queue of ["in-redis", "in-postgres"]) {
    const added = await api.call("/jobs", { method: "POST", json: { queue, payload: {} } });
    assert.equal(added.status, 202, added.text);
    assert.equal((await api.call(`/jobs/${queue}`)).body.waiting, 1);
  }
  const rows = await sql(postgres.url, "SELECT count(*)::int AS jobs FROM bullmq.job WHERE queue = 'in-postgres'").catch((error) => [{ error: String(error) }]);
  assert.deepEqual(rows, [{ jobs: 1 }]);
});

test("PV-REDISFAIL: a worker whose server is demoted hears READONLY, connects anew, and does not hang when there is a primary again", async (context) => {
  const demoted = await startRedis(cleanup);
  const store = redisQueues(demoted.url, PREFIX, log);
  const queue = store.queue("failover");
  cleanup.add(() => store.close());
  cleanup.add(() => queue.close());
  await worker(context, { ...environment("bullmq", "failover"), QUEUE_REDIS_URL: demoted.url });
  const options = jobOptions(DEFAULTS);
  await queue.add("j", {}, { ...options, jobId: "before" });
  await reaches(queue, "before", "completed");
  const admin = store.redis.duplicate({ reconnectOnError: null });
  cleanup.add(async () => admin.disconnect());
  await admin.replicaof("127.0.0.1", await freePort());
  await assert.rejects(admin.set("probe", "1"), /READONLY/);
  await admin.replicaof("NO", "ONE");
  await queue.add("j", {}, { ...options, jobId: "after" });
  await reaches(queue, "after", "completed");
});
