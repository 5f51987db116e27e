import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { createHandler } from "../src/queues/handler.js";
import { PostgresLeases } from "../src/queues/leases.js";
import { PostgresEffects } from "../src/postgres/effects.js";
import { Database } from "../src/postgres/pool.js";
import { createLog } from "../src/log.js";
import { Cleanup, until } from "./support/processes.js";
import { sql, startPostgres, startRedis } from "./support/servers.js";
import { SHORT_LOCK, startWorkload } from "./support/workload.js";

const cleanup = new Cleanup();
const QUEUE = "music-generation";
/** @type {Awaited<ReturnType<typeof startRedis>>} */
let redis;
/** @type {Awaited<ReturnType<typeof startPostgres>>} */
let postgres;
/** @type {Record<string, string>} */
let env;
/** @type {Awaited<ReturnType<typeof startWorkload>>} */
let api;

before(async () => {
  [redis, postgres] = await Promise.all([startRedis(cleanup), startPostgres(cleanup)]);
  env = { REDIS_URL: redis.url, QUEUE_REDIS_URL: redis.url, DATABASE_URL: postgres.url, QUEUES: QUEUE };
  api = await startWorkload("api", env, cleanup);
  await api.ready();
});
after(() => cleanup.run());

/**
 * A worker that is gone after its test.
 *
 * @param {import("node:test").TestContext} context
 * @param {string} name
 * @param {Record<string, string>} [more]
 */
async function worker(context, name, more = {}) {
  const started = await startWorkload("worker", { ...env, ...more, POD_NAME: name }, cleanup);
  context.after(async () => {
    started.child.kill("SIGKILL");
    await started.exited;
  });
  await started.ready();
  return started;
}

/** @param {Record<string, unknown>} payload @param {Record<string, unknown>} [more] */
async function add(payload, more = {}) {
  const answer = await api.call("/jobs", { method: "POST", json: { queue: QUEUE, payload, ...more } });
  assert.equal(answer.status, 202, answer.text);
  return /** @type {string} */ (answer.body.id);
}

/** @param {string} id @param {string} state */
function reaches(id, state) {
  return until(async () => {
    const { body } = await api.call(`/jobs/${QUEUE}/${id}`);
    return body?.state === state && body;
  }, `job ${id} to be ${state}`);
}

test("a job goes through the queue and back; failing tries are repeated; the same id is the same job", async (context) => {
  const w = await worker(context, "w0");
  const id = await add({ echo: { n: 1 } });
  const done = await reaches(id, "completed");
  assert.deepEqual(done.result, { doneBy: "w0", echo: { n: 1 }, effects: 1 });
  const twice = await add({ failures: 2 }, { id: "report-1" });
  assert.equal(await add({ failures: 2 }, { id: "report-1" }), twice);
  assert.equal((await reaches(twice, "completed")).attempts, 3);
  const hopeless = await add({ durationMs: -1 });
  assert.match((await reaches(hopeless, "failed")).failedReason, /durationMs/);
  w.child.kill("SIGTERM");
  assert.equal(await w.exited, 0);
});

test("PV-JOB: a worker killed in mid-job: the job is done by another, its effect happens once", async (context) => {
  const first = await worker(context, "w1", SHORT_LOCK);
  const id = await add({ durationMs: 4000 });
  await reaches(id, "active");
  first.child.kill("SIGKILL");
  await first.exited;
  await worker(context, "w2", SHORT_LOCK);
  const done = await reaches(id, "completed");
  assert.equal(done.result.doneBy, "w2");
  const rows = await sql(postgres.url, `SELECT instance FROM conformance.effect_log WHERE key = '${id}'`);
  assert.deepEqual(rows, [{ instance: "w2" }]);
  assert.equal((await api.call(`/effects/${QUEUE}/${id}`)).body.count, 1);
});

test("PV-JOB: a job repeated after its effect, as when the worker died before saying so, has no second one", async () => {
  const log = createLog({ service: "t", instance: "t", role: "t", logLevel: "error" });
  const writer = new Database(postgres.url, { name: "t", size: 2, log });
  try {
    const handle = (/** @type {string} */ instance) => createHandler(new PostgresEffects(writer, { instance }), { instance, jobMaxMs: 60_000 }, new PostgresLeases(writer));
    const job = { id: "again", queueName: QUEUE, data: {}, attemptsMade: 0 };
    const results = await Promise.all([handle("a")(job), handle("b")(job)]);
    assert.deepEqual(results[0], results[1]);
    const rows = await sql(postgres.url, "SELECT count(*)::int FROM conformance.effect_log WHERE key = 'again'");
    assert.equal(rows[0].count, 1);
  } finally {
    await writer.close();
  }
});

test("PV-JOB: at SIGTERM a worker takes no new job, finishes the one it has, and leaves with 0", async () => {
  const leaving = await startWorkload("worker", { ...env, POD_NAME: "w3", QUEUES: "slow" }, cleanup);
  const slow = await startWorkload("api", { ...env, QUEUES: "slow" }, cleanup);
  await Promise.all([leaving.ready(), slow.ready()]);
  const job = await slow.call("/jobs", { method: "POST", json: { queue: "slow", payload: { durationMs: 4000 } } });
  const state = async () => (await slow.call(`/jobs/slow/${job.body.id}`)).body;
  await until(async () => (await state()).state === "active", "the job to begin");
  leaving.child.kill("SIGTERM");
  await until(async () => (await leaving.call("/health/ready")).status === 503, "readiness to fail");
  assert.equal((await leaving.call("/health/live")).status, 200);
  const later = await slow.call("/jobs", { method: "POST", json: { queue: "slow", payload: {} } });
  assert.equal(await leaving.exited, 0);
  assert.deepEqual([(await state()).state, (await state()).result.doneBy], ["completed", "w3"]);
  assert.equal((await slow.call(`/jobs/slow/${later.body.id}`)).body.state, "waiting");
});

test("PV-JOB: a job longer than the drain time is left to another worker, and the exit is still clean and in time", async () => {
  const queue = { QUEUES: "endless", ...SHORT_LOCK };
  const leaving = await startWorkload("worker", { ...env, ...queue, POD_NAME: "w4", SHUTDOWN_DRAIN_SECONDS: "1" }, cleanup);
  const other = await startWorkload("api", { ...env, ...queue }, cleanup);
  await Promise.all([leaving.ready(), other.ready()]);
  const job = await other.call("/jobs", { method: "POST", json: { queue: "endless", payload: { durationMs: 4000 } } });
  const state = async () => (await other.call(`/jobs/endless/${job.body.id}`)).body;
  await until(async () => (await state()).state === "active", "the job to begin");
  leaving.child.kill("SIGTERM");
  assert.equal(await leaving.exited, 0);
  await startWorkload("worker", { ...env, ...queue, POD_NAME: "w5" }, cleanup);
  const done = await until(async () => (await state()).state === "completed" && (await state()), "the job to be done");
  assert.deepEqual([done.result.doneBy, done.result.effects], ["w5", 1]);
});

test("PV-REDISFAIL: acknowledged jobs survive a crash of Redis, and the worker goes on by itself", async (context) => {
  const surviving = await worker(context, "w6", SHORT_LOCK);
  const ids = await Promise.all(Array.from({ length: 20 }, () => add({ durationMs: 100 })));
  await redis.server.stop("SIGKILL");
  await until(async () => (await surviving.call("/health/ready")).status === 503, "the worker to notice");
  assert.equal((await surviving.call("/health/live")).status, 200);
  await redis.server.start();
  await surviving.ready();
  for (const id of ids) assert.equal((await reaches(id, "completed")).result.effects, 1);
});

test("an unknown queue names the known ones, an unknown job is not found", async () => {
  const wrong = await api.call("/jobs", { method: "POST", json: { queue: "nope" } });
  assert.equal(wrong.status, 404);
  assert.match(wrong.body.detail, new RegExp(QUEUE));
  assert.equal((await api.call(`/jobs/${QUEUE}/none`)).status, 404);
  assert.equal((await api.call("/jobs", { method: "POST", json: { queue: QUEUE, id: "12" } })).status, 400);
});
