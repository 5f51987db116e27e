import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { Cleanup, folder, until } from "./support/processes.js";
import { startRedis, startS3 } from "./support/servers.js";
import { launch, startWorkload } from "./support/workload.js";

const cleanup = new Cleanup();
/** @type {Awaited<ReturnType<typeof startWorkload>>} */
let one;
/** @type {Awaited<ReturnType<typeof startWorkload>>} */
let two;
/** @type {string} */
let redisUrl;
/** @type {string} */
let s3Url;

before(async () => {
  const [redis, s3] = await Promise.all([startRedis(cleanup), startS3(cleanup, "uploads")]);
  redisUrl = redis.url;
  s3Url = s3.url;
  const env = {
    REDIS_URL: redis.url,
    UPLOADS_BUCKET: "uploads",
    AWS_REGION: "eu-west-1",
    AWS_ENDPOINT_URL: s3.url,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    RATE_LIMIT_REQUESTS: "10",
    RATE_LIMIT_WINDOW_SECONDS: "600",
    BREAKER_COOLDOWN_SECONDS: "1",
  };
  [one, two] = await Promise.all(["one", "two"].map((name) => startWorkload("api", { ...env, POD_NAME: name }, cleanup)));
  await Promise.all([one.ready(), two.ready()]);
});
after(() => cleanup.run());

test("PV-ANY: every response names its instance and its request", async () => {
  const answers = [await one.call("/"), await one.call("/health/live"), await one.call("/nothing"), await one.call("/health/ready")];
  for (const answer of answers) {
    assert.equal(answer.headers.get("x-instance-id"), "one");
    assert.match(answer.headers.get("x-request-id") ?? "", /^[\w-]{36}$/);
  }
  const echoed = await two.call("/", { headers: { "x-request-id": "abc.1" } });
  assert.equal(echoed.headers.get("x-request-id"), "abc.1");
  const replaced = await two.call("/", { headers: { "x-request-id": "<script>" } });
  assert.notEqual(replaced.headers.get("x-request-id"), "<script>");
});

test("PV-ANY: a session begun on one instance is read and ended on another", async () => {
  const made = await one.call("/sessions", { method: "POST", json: { user: "u1" } });
  assert.equal(made.status, 201);
  const read = await two.call(`/sessions/${made.body.id}`);
  assert.deepEqual(read.body.data, { user: "u1" });
  assert.equal((await two.call(`/sessions/${made.body.id}`, { method: "DELETE" })).status, 204);
  const gone = await one.call(`/sessions/${made.body.id}`);
  assert.equal(gone.status, 404);
  assert.match(gone.headers.get("content-type") ?? "", /^application\/problem\+json/);
});

test("PV-ANY: a rate limit counts over all instances, exactly, under concurrency", async () => {
  const headers = { "x-client-id": "impatient" };
  const calls = Array.from({ length: 30 }, (_value, index) => [one, two][index % 2].call("/limits", { headers }));
  const answers = await Promise.all(calls);
  assert.equal(answers.filter((answer) => answer.status === 200).length, 10);
  const refused = answers.filter((answer) => answer.status === 429);
  assert.equal(refused.length, 20);
  assert.ok(Number(refused[0].headers.get("retry-after")) > 0);
  assert.equal((await one.call("/limits", { headers: { "x-client-id": "patient" } })).status, 200);
});

test("PV-ANY: an idempotency key used on both instances at once has one effect", async () => {
  const request = { method: "POST", json: { amount: 5 }, headers: { "idempotency-key": "order-1" } };
  const first = await Promise.all([one, two, one, two].map((api) => api.call("/idempotent", request)));
  assert.ok(first.every((answer) => [201, 409].includes(answer.status)), first.map((answer) => answer.text).join());
  const [again, other] = [await one.call("/idempotent", request), await two.call("/idempotent", request)];
  assert.equal(again.status, 201);
  assert.deepEqual(again.body, other.body);
  assert.equal(again.body.effects, 1);
  assert.equal(other.headers.get("idempotency-replayed"), "true");
  const changed = await two.call("/idempotent", { ...request, json: { amount: 6 } });
  assert.equal(changed.status, 422);
  assert.equal((await one.call("/idempotent", { method: "POST", json: {} })).status, 400);
});

test("PV-ANY: a breaker opened by failures on one instance is open on another, and heard there", async () => {
  // Heard only from Pub/Sub: the second instance has not asked for this breaker before.
  for (let failure = 1; failure <= 5; failure += 1) await one.call("/breakers/payments/failures", { method: "POST" });
  const seen = await two.call("/breakers/payments");
  assert.notEqual(seen.body.state, "closed");
  const heard = await until(async () => (await two.call("/breakers/payments")).body.heard, "the message to arrive");
  assert.notEqual(heard.state, "closed");
  await until(async () => (await two.call("/breakers/payments")).body.state === "half-open", "the cool-down to pass");
  await two.call("/breakers/payments", { method: "DELETE" });
  assert.equal((await one.call("/breakers/payments")).body.state, "closed");
  await until(async () => (await one.call("/breakers/payments")).body.heard.state === "closed", "the closing to be heard");
});

test("PV-ANY: an upload's parts go to different instances, and completing it may be repeated", async () => {
  const started = await one.call("/uploads", { method: "POST", json: { key: "songs/a.bin", contentType: "audio/x-test" } });
  assert.equal(started.status, 201);
  const big = Buffer.alloc(5 * 1024 * 1024, "a");
  const last = await one.call(`/uploads/${started.body.id}/parts/2`, { method: "PUT", body: "the end" });
  assert.equal(last.status, 200, last.text);
  assert.equal((await two.call(`/uploads/${started.body.id}/parts/1`, { method: "PUT", body: big })).status, 200);
  const done = await two.call(`/uploads/${started.body.id}/complete`, { method: "POST" });
  assert.equal(done.status, 200, done.text);
  const repeated = await one.call(`/uploads/${started.body.id}/complete`, { method: "POST" });
  assert.deepEqual(repeated.body, done.body);
  const late = await one.call(`/uploads/${started.body.id}/parts/3`, { method: "PUT", body: "late" });
  assert.equal(late.status, 409);
  const file = await one.call("/files/songs/a.bin");
  assert.equal(file.headers.get("content-type"), "audio/x-test");
  assert.equal(file.text.length, big.length + "the end".length);
  assert.ok(file.text.endsWith("aathe end"));
});

test("files are kept as they are, missing ones and bad names are told", async () => {
  const put = await one.call("/files/a/b.json", { method: "PUT", json: { kept: true } });
  assert.equal(put.status, 201, put.text);
  const got = await two.call("/files/a/b.json");
  assert.equal(got.text, '{"kept":true}');
  assert.equal((await two.call("/files/none")).status, 404);
  assert.equal((await one.call("/files/a%2F..%2Fb", { method: "PUT", body: "x" })).status, 400);
  const tooBig = await one.call("/files/big", { method: "PUT", body: Buffer.alloc(9 * 1024 * 1024) }).catch(() => ({ status: 413 }));
  assert.equal(tooBig.status, 413);
});

test("credentials come from a web identity token, as on a cluster", async () => {
  const token = path.join(folder(cleanup), "token");
  writeFileSync(token, "a.web.token");
  const identity = { AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/music", AWS_WEB_IDENTITY_TOKEN_FILE: token };
  const s3 = { UPLOADS_BUCKET: "uploads", AWS_REGION: "eu-west-1", AWS_ENDPOINT_URL: s3Url };
  const api = await startWorkload("api", { ...s3, ...identity, REDIS_URL: redisUrl }, cleanup);
  await api.ready();
  const put = await api.call("/files/by-role", { method: "PUT", body: "x" });
  assert.equal(put.status, 201, put.text + api.output.text);
});

test("SR-REDIS: a missing Redis address ends the start with one clear line", async () => {
  const { exited, output } = launch("api", {}, cleanup);
  assert.equal(await exited, 78);
  assert.equal(output.text, "configuration: REDIS_URL: is missing\n");
});
