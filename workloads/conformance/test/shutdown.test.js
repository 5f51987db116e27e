import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { after, before, test } from "node:test";

import { Cleanup, until } from "./support/processes.js";
import { startRedis } from "./support/servers.js";
import { startWorkload } from "./support/workload.js";

const cleanup = new Cleanup();
/** @type {Awaited<ReturnType<typeof startRedis>>} */
let redis;

before(async () => {
  redis = await startRedis(cleanup);
});
after(() => cleanup.run());

const api = (/** @type {Record<string, string>} */ env = {}) => startWorkload("api", { REDIS_URL: redis.url, ...env }, cleanup);

/** @param {string} url @param {Agent} agent @returns {Promise<{ status?: number, connection?: string, reused: boolean }>} */
function get(url, agent) {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent }, (response) => {
      response.resume();
      response.on("end", () => resolve({ status: response.statusCode, connection: response.headers.connection, reused: call.reusedSocket }));
    });
    call.on("error", reject);
    call.end();
  });
}

test("PV-HEALTH: live while Redis is down, not ready, and ready again when it is back", async () => {
  const one = await api();
  await one.ready();
  const healthy = await until(async () => {
    const answer = await one.call("/health/ready");
    return answer.body.checks["redis:responseTime"][0].status === "pass" && answer;
  }, "the check of Redis to pass");
  assert.match(healthy.headers.get("content-type") ?? "", /^application\/health\+json/);
  await redis.server.stop("SIGKILL");
  try {
    const failed = await until(async () => {
      const answer = await one.call("/health/ready");
      return answer.status === 503 && answer;
    }, "readiness to fail");
    assert.equal(failed.body.status, "fail");
    assert.equal(failed.body.checks["redis:responseTime"][0].status, "fail");
    assert.equal((await one.call("/health/live")).status, 200);
    const begun = one.call("/sessions", { method: "POST", json: {} });
    await redis.server.start();
    assert.equal((await begun).status, 201, "a request that came during the outage waits for its end");
  } finally {
    await redis.server.start();
  }
  await one.ready();
});

test("PV-HEALTH: an API that starts before Redis is live, and ready once Redis is there", async () => {
  await redis.server.stop();
  const early = await api().catch((error) => error);
  await redis.server.start();
  assert.ok(!(early instanceof Error), String(early));
  assert.equal((await early.call("/health/live")).status, 200);
  await early.ready();
});

test("PV-HEALTH: at SIGTERM not ready at once, live and serving still, connections let go, exit 0", async () => {
  const leaving = await api({ SHUTDOWN_DRAIN_SECONDS: "30" });
  await leaving.ready();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  assert.equal((await get(`${leaving.url}/`, agent)).connection, "keep-alive");
  leaving.child.kill("SIGTERM");
  const refused = await until(async () => {
    const answer = await leaving.call("/health/ready");
    return answer.status === 503 && answer;
  }, "readiness to fail");
  assert.equal(refused.body.output, "shutting down");
  assert.equal((await leaving.call("/health/live")).status, 200);
  const last = await get(`${leaving.url}/`, agent);
  assert.deepEqual([last.status, last.connection], [200, "close"]);
  agent.destroy();
  assert.equal(await leaving.exited, 0);
});

test("SR-SHUTDOWN: exits 0 within the drain time though Redis is away", async () => {
  const leaving = await api({ SHUTDOWN_DRAIN_SECONDS: "3" });
  await leaving.ready();
  await redis.server.stop("SIGKILL");
  try {
    await until(async () => (await leaving.call("/health/ready")).status === 503, "readiness to fail");
    const began = performance.now();
    leaving.child.kill("SIGTERM");
    assert.equal(await leaving.exited, 0);
    assert.ok(performance.now() - began < 15_000, "by itself, not by a limit of Redis commands");
  } finally {
    await redis.server.start();
  }
});

test("SR-LOGS, SR-SECRET: every line logged is a JSON object, and none has the token", async () => {
  const one = await api({ LOG_LEVEL: "debug" });
  await one.ready();
  await one.call("/", { headers: { "x-request-id": "find-me" } });
  one.child.kill("SIGTERM");
  await one.exited;
  const lines = one.output.text.trim().split("\n").map((line) => JSON.parse(line));
  assert.ok(lines.some((line) => line.requestId === "find-me"));
  assert.doesNotMatch(one.output.text, /s3cret-token/);
});

test("SR-REDIS-HA: a queue Redis that may evict is warned of", async () => {
  const evicting = await startRedis(cleanup, { policy: "allkeys-lru" });
  const one = await api({ QUEUE_REDIS_URL: evicting.url, QUEUES: "q" });
  await one.ready();
  const body = await until(async () => {
    const answer = await one.call("/health/ready");
    return answer.body.status === "warn" && answer.body;
  }, "the warning");
  assert.match(body.checks["queue-redis:responseTime"][0].output, /allkeys-lru.*noeviction/);
});

test("P0-QUEUE: the dashboard asks for its password, its health paths do not", async () => {
  const env = { QUEUE_REDIS_URL: redis.url, QUEUES: "a,b", DASHBOARD_USERNAME: "ops", DASHBOARD_PASSWORD: "pä:ss" };
  const board = await startWorkload("dashboard", env, cleanup);
  await board.ready();
  const basic = (/** @type {string} */ text) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  for (const headers of [{}, basic("ops:wrong"), basic("ops"), { authorization: "Bearer x" }]) {
    for (const path of ["/queues", "/queues/", "/queues/api/queues", "/queues/static/x.js"]) {
      const refused = await board.call(path, { headers });
      assert.equal(refused.status, 401, path + board.output.text);
      assert.match(refused.headers.get("www-authenticate") ?? "", /^Basic /);
    }
  }
  const redirected = await board.call("/queues", { headers: basic("ops:pä:ss") });
  assert.equal(redirected.status, 200, redirected.text);
  const page = await board.call("/queues/", { headers: basic("ops:pä:ss") });
  assert.equal(page.status, 200, page.text);
  assert.match(page.text, /<html/);
  const queues = await board.call("/queues/api/queues", { headers: basic("ops:pä:ss") });
  assert.deepEqual(queues.body.queues.map((/** @type {{ name: string }} */ queue) => queue.name).sort(), ["a", "b"]);
  assert.equal((await board.call("/health/live")).headers.get("x-instance-id") !== null, true);
});

test("P0-SECRETS: while the dashboard's password is rotated, the old and the new one are accepted, no other", async () => {
  const env = { QUEUE_REDIS_URL: redis.url, QUEUES: "a", DASHBOARD_USERNAME: "ops", DASHBOARD_PASSWORD: "new", DASHBOARD_PASSWORD_PREVIOUS: "old" };
  const board = await startWorkload("dashboard", env, cleanup);
  await board.ready();
  const status = async (/** @type {string} */ password) =>
    (await board.call("/queues/", { headers: { authorization: `Basic ${Buffer.from(`ops:${password}`).toString("base64")}` } })).status;
  assert.deepEqual(await Promise.all(["new", "old", "older", "", "null"].map(status)), [200, 200, 401, 401, 401]);
});
