// What a service does beside answering requests: streams, metrics, settings that change while it runs.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, mkdirSync, writeFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { readConfig } from "../src/config.js";
import { Cleanup, freePort, until } from "./support/processes.js";
import { startRedis } from "./support/servers.js";
import { startWorkload } from "./support/workload.js";

const cleanup = new Cleanup();
/** @type {Awaited<ReturnType<typeof startRedis>>} */
let redis;

before(async () => {
  redis = await startRedis(cleanup);
});
after(() => cleanup.run());

/** @param {Record<string, string>} [env] */
async function api(env = {}) {
  const started = await startWorkload("api", { REDIS_URL: redis.url, ...env }, cleanup);
  await started.ready();
  return started;
}

/** Text of a stream as it comes. @param {string} url */
async function listen(url) {
  const response = await fetch(`${url}/events`);
  const heard = { status: response.status, type: response.headers.get("content-type"), text: "", ended: Promise.resolve() };
  heard.ended = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of /** @type {any} */ (response.body)) heard.text += decoder.decode(chunk);
  })();
  return heard;
}

test("SR-SHUTDOWN: at SIGTERM streams are asked to go elsewhere within their time, and the exit is clean", async () => {
  const leaving = await api({ SHUTDOWN_DRAIN_SECONDS: "20", SHUTDOWN_STREAM_SECONDS: "1", POD_NAME: "s1" });
  const streams = await Promise.all(Array.from({ length: 20 }, () => listen(leaving.url)));
  for (const stream of streams) {
    assert.deepEqual([stream.status, stream.type], [200, "text/event-stream"]);
    await until(async () => stream.text.includes('"instance":"s1"'), "the greeting");
  }
  leaving.child.kill("SIGTERM");
  await until(async () => (await leaving.call("/health/ready")).status === 503, "readiness to fail");
  assert.equal((await leaving.call("/events")).status, 503, "no new stream on an instance that leaves");
  await Promise.all(streams.map((stream) => stream.ended));
  for (const stream of streams) assert.match(stream.text, /event: reconnect\nretry: 1000\n/);
  assert.equal(await leaving.exited, 0);
  assert.doesNotMatch(leaving.output.text, /gave up/);
});

test("SR-SHUTDOWN: streams that would outlast the drain time are refused at the start", () => {
  const env = { SERVICE_NAME: "a", REDIS_URL: "redis://r", SHUTDOWN_DRAIN_SECONDS: "5", SHUTDOWN_STREAM_SECONDS: "6" };
  assert.throws(() => readConfig("api", env), /SHUTDOWN_STREAM_SECONDS: "6" is not a whole number from 0 to 5/);
});

test("P0-SCALE: requests are counted, on a port of their own", async () => {
  const port = await freePort();
  const one = await api({ METRICS_PORT: String(port) });
  for (let n = 0; n < 3; n += 1) await one.call("/");
  await one.call("/none");
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await answer.text();
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assert.match(text, /^http_requests_total\{method="GET",status="200"\} 3$/m);
  assert.match(text, /^http_requests_total\{method="GET",status="404"\} 1$/m);
  assert.match(text, /^http_request_duration_seconds_bucket\{le="\+Inf"\} 4$/m);
  assert.match(text, /^http_request_duration_seconds_count 4$/m);
  const buckets = [...text.matchAll(/_bucket\{le="[^"]+"\} (\d+)$/gm)].map(([, count]) => Number(count));
  assert.deepEqual(buckets, buckets.toSorted((a, b) => a - b), "each bucket counts what is in the smaller ones too");
  assert.equal((await one.call("/metrics")).status, 404, "clients do not reach it");
});

test("P0-OBS: every request is one line to count, with its status and time; health paths are not", async () => {
  const one = await api({ LOG_REQUESTS: "true" });
  await one.call("/health/live");
  await one.call("/none?token=hidden");
  const lines = () => one.output.text.split("\n").filter((line) => line.includes('"message":"request"'));
  await until(async () => lines().some((line) => line.includes("/none")), "the request's line");
  const [line, ...others] = lines().map((text) => JSON.parse(text));
  assert.deepEqual(others, []);
  assert.deepEqual([line.method, line.path, line.status, line.level], ["GET", "/none", 404, "info"]);
  assert.equal(typeof line.service, "string");
  assert.equal(typeof line.ms, "number");
});

test("settings are changed without a restart, the way a ConfigMap is; wrong ones change nothing", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "groundwork-settings-"));
  cleanup.add(async () => rmSync(folder, { recursive: true, force: true }));
  let version = 0;
  const write = (/** @type {string} */ text) => {
    const data = path.join(folder, `..v${(version += 1)}`);
    mkdirSync(data);
    writeFileSync(path.join(data, "settings.json"), text);
    symlinkSync(data, path.join(folder, "..next"));
    renameSync(path.join(folder, "..next"), path.join(folder, "..data"));
  };
  write('{"rateLimitRequests": 7}');
  symlinkSync("..data/settings.json", path.join(folder, "settings.json"));
  const one = await api({ CONFIG_DIR: folder });
  const limit = async () => (await one.call("/limits", { headers: { "x-client-id": String(version) } })).body.limit;
  const told = async () => (await one.call("/")).body.settings;
  assert.equal(await limit(), 7, "read before the first request");
  const first = await told();
  write('{"rateLimitRequests": "many"}');
  await until(async () => one.output.text.includes("settings not read"), "the fault to be told");
  assert.deepEqual([await limit(), await told()], [7, first]);
  write('{"rateLimitRequests": 9}');
  await until(async () => (await limit()) === 9, "the new limit");
  assert.notEqual(await told(), first);
});
