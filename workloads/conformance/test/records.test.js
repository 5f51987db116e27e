import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { createLog } from "../src/log.js";
import { migrate } from "../src/postgres/migrations.js";
import { Database } from "../src/postgres/pool.js";
import { Cleanup, until } from "./support/processes.js";
import { sql, startPostgres, startRedis, startReplica } from "./support/servers.js";
import { startWorkload } from "./support/workload.js";

const cleanup = new Cleanup();
/** @type {Awaited<ReturnType<typeof startPostgres>>} */
let primary;
/** @type {Awaited<ReturnType<typeof startPostgres>>} */
let replica;
/** @type {Awaited<ReturnType<typeof startWorkload>>[]} */
let apis;

before(async () => {
  const [redis, server] = await Promise.all([startRedis(cleanup), startPostgres(cleanup)]);
  primary = server;
  replica = await startReplica(primary, cleanup);
  const env = { REDIS_URL: redis.url, DATABASE_URL: primary.url, DATABASE_READER_URLS: replica.url };
  // At once: the schema must come out right whoever is first.
  apis = await Promise.all(["one", "two", "three"].map((name) => startWorkload("api", { ...env, POD_NAME: name }, cleanup)));
  await Promise.all(apis.map((api) => api.ready()));
});
after(() => cleanup.run());

/** @param {string} id @param {string} from */
function readFrom(id, from) {
  return until(async () => {
    const answer = await apis[1].call(`/records/${id}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.headers.get("x-read-from") === from && answer;
  }, `a read from the ${from}`);
}

test("three instances that start at once make the schema once", async () => {
  const [{ count, version }] = await sql(primary.url, "SELECT count(*)::int, max(version) AS version FROM conformance.schema_version");
  assert.equal(count, version);
});

test("a migration that fails leaves nothing behind", async () => {
  const log = createLog({ service: "t", instance: "t", role: "t", logLevel: "error" });
  const writer = new Database(primary.url, { name: "t", size: 1, log });
  cleanup.add(async () => writer.close());
  const next = ["SELECT 1", "CREATE TABLE conformance.half (id int)", "SELECT wrong"];
  await assert.rejects(migrate(writer, next), /wrong/);
  const [{ there }] = await sql(primary.url, "SELECT to_regclass('conformance.half') IS NOT NULL AS there");
  assert.equal(there, false);
  await writer.close();
  cleanup.steps.pop();
});

test("PV-REPLICA: a record written through one instance is read from the replica through another", async () => {
  const made = await apis[0].call("/records", { method: "POST", json: { data: { title: "x" } } });
  assert.equal(made.status, 201, made.text);
  const read = await readFrom(made.body.id, "replica");
  assert.deepEqual(read.body, made.body);
  assert.ok(Number(read.headers.get("x-replica-lag-ms")) <= 1000);
});

test("PV-REPLICA: a record is found at once, whether the replica has it already or not", async () => {
  for (let round = 0; round < 20; round += 1) {
    const made = await apis[0].call("/records", { method: "POST", json: { data: round } });
    assert.equal((await apis[2].call(`/records/${made.body.id}`)).status, 200);
  }
});

test("PV-REPLICA: a replica that lags is not read from, one that has caught up is", async () => {
  await sql(replica.url, "SELECT pg_wal_replay_pause()");
  try {
    const made = await apis[0].call("/records", { method: "POST", json: { data: "late" } });
    const read = await readFrom(made.body.id, "primary");
    assert.equal(read.body.data, "late");
    // Another record, older than the pause and so on the replica: only the lag speaks against reading it there.
    const old = await sql(replica.url, "SELECT id FROM conformance.records ORDER BY created_at LIMIT 1");
    await readFrom(old[0].id, "primary");
    await until(async () => (await apis[1].call("/health/ready")).body.checks["replicas:responseTime"][0].status === "warn", "the lag to be told");
  } finally {
    await sql(replica.url, "SELECT pg_wal_replay_resume()");
  }
  const old = await sql(primary.url, "SELECT id FROM conformance.records ORDER BY created_at LIMIT 1");
  await readFrom(old[0].id, "replica");
});

test("PV-REPLICA: reads fall back to the primary while the replica is away, without an error, and come back", async () => {
  const made = await apis[0].call("/records", { method: "POST", json: { data: "kept" } });
  await readFrom(made.body.id, "replica");
  await replica.server.stop("SIGKILL");
  for (let round = 0; round < 10; round += 1) {
    const read = await apis[1].call(`/records/${made.body.id}`);
    assert.deepEqual([read.status, read.headers.get("x-read-from")], [200, "primary"]);
  }
  await apis[1].ready();
  await replica.server.start();
  await readFrom(made.body.id, "replica");
});

test("PV-DBFAIL: writes sent while the primary restarts are all kept, none twice", async () => {
  const ids = Array.from({ length: 20 }, () => randomUUID());
  const restart = primary.server.stop("SIGINT").then(() => primary.server.start());
  const answers = await Promise.all(
    ids.map((id, index) => apis[index % 3].call("/records", { method: "POST", json: { id, data: index } })),
  );
  await restart;
  for (const [index, answer] of answers.entries()) {
    // The restart may take longer than a request waits for the database: then the client is told, and asks again.
    assert.ok([201, 503].includes(answer.status), answer.text);
    const again = await apis[(index + 1) % 3].call("/records", { method: "POST", json: { id: ids[index], data: index } });
    assert.equal(again.status, 201, again.text);
  }
  const [{ count }] = await sql(primary.url, `SELECT count(*)::int FROM conformance.records WHERE id IN ('${ids.join("','")}')`);
  assert.equal(count, ids.length);
});

test("PV-HEALTH: not ready without the primary, live all the same, ready again when it is back", async () => {
  await primary.server.stop("SIGINT");
  try {
    await until(async () => (await apis[0].call("/health/ready")).status === 503, "readiness to fail");
    assert.equal((await apis[0].call("/health/live")).status, 200);
  } finally {
    await primary.server.start();
  }
  await apis[0].ready();
});

test("wrong requests are told what is wrong", async () => {
  const bad = await apis[0].call("/records", { method: "POST", json: { data: 1, id: "7" } });
  assert.equal(bad.status, 400);
  assert.equal(bad.body.errors[0].at, "/id");
  assert.equal((await apis[0].call("/records/7")).status, 400);
  assert.equal((await apis[0].call(`/records/${randomUUID()}`)).status, 404);
});
