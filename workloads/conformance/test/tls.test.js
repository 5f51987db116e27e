import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Cleanup, until } from "./support/processes.js";
import { makeCertificates, startPostgres, startRedis } from "./support/servers.js";
import { startWorkload } from "./support/workload.js";

const cleanup = new Cleanup();
after(() => cleanup.run());

test("SR-REDIS-HA, SR-DB: Redis and PostgreSQL over TLS, by an authority that is named to the process and no other", async () => {
  const tls = await makeCertificates(cleanup);
  const [redis, postgres] = await Promise.all([startRedis(cleanup, { tls }), startPostgres(cleanup, { tls })]);
  const env = {
    REDIS_URL: redis.url,
    QUEUE_REDIS_URL: redis.url,
    QUEUES: "q",
    DATABASE_URL: `${postgres.url}?sslmode=verify-full`,
  };
  const trusting = { ...env, NODE_EXTRA_CA_CERTS: tls.authority };
  const api = await startWorkload("api", trusting, cleanup);
  const worker = await startWorkload("worker", trusting, cleanup);
  await Promise.all([api.ready(), worker.ready()]);
  const record = await api.call("/records", { method: "POST", json: { data: 1 } });
  assert.equal(record.status, 201, record.text);
  const job = await api.call("/jobs", { method: "POST", json: { queue: "q", payload: {} } });
  await until(async () => (await api.call(`/jobs/q/${job.body.id}`)).body.state === "completed", "the job to be done");

  const stranger = await startWorkload("api", env, cleanup);
  const refused = await until(async () => {
    const answer = await stranger.call("/health/ready");
    return /certificate|CERT|SIGNATURE/i.test(answer.body.checks["database:responseTime"][0].output ?? "") && answer;
  }, "the unknown authority to be told");
  assert.equal(refused.status, 503);
  assert.equal(refused.body.checks["redis:responseTime"][0].status, "fail");
});

test("SR-REDIS-HA, P0-SECRETS: API, worker and dashboard log in to Redis as a user with everyday rights, where nobody else is let in", async () => {
  const redis = await startRedis(cleanup, { user: "app" });
  const env = { REDIS_URL: redis.url, QUEUE_REDIS_URL: redis.url, QUEUES: "q", DASHBOARD_USERNAME: "operator", DASHBOARD_PASSWORD: "long-enough-to-be-one" };
  const [api, worker, dashboard] = await Promise.all(["api", "worker", "dashboard"].map((role) => startWorkload(role, env, cleanup)));
  await Promise.all([api.ready(), worker.ready(), dashboard.ready()]);
  const session = await api.call("/sessions", { method: "POST", json: { name: "a" } });
  assert.equal(session.status, 201, session.text);
  const breaker = await api.call("/breakers/b/failures", { method: "POST", json: {} });
  assert.ok(breaker.status < 300, breaker.text);
  const job = await api.call("/jobs", { method: "POST", json: { queue: "q", payload: {} } });
  await until(async () => (await api.call(`/jobs/q/${job.body.id}`)).body.state === "completed", "the job to be done");
  const headers = { authorization: `Basic ${Buffer.from("operator:long-enough-to-be-one").toString("base64")}` };
  const queues = await dashboard.call("/queues/api/queues", { headers });
  assert.equal(queues.status, 200, queues.text);

  const token = await startWorkload("api", { ...env, REDIS_URL: redis.url.replace("app:", ":") }, cleanup);
  const refused = await until(async () => {
    const answer = await token.call("/health/ready");
    return answer.status === 503 && answer;
  }, "a client without a name to be refused");
  assert.equal(refused.body.checks["redis:responseTime"][0].status, "fail");
});
