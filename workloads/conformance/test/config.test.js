import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfigError, readConfig } from "../src/config.js";

/** @param {() => unknown} act */
function problemsOf(act) {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test("SR-REDIS: an API without Redis does not start", () => {
  assert.deepEqual(problemsOf(() => readConfig("api", { SERVICE_NAME: "a" })), ["REDIS_URL: is missing"]);
});

test("SR-REDIS: the in-memory fallback is refused", () => {
  const problems = problemsOf(() => readConfig("api", { SERVICE_NAME: "a", REDIS_URL: "redis://r", MEMORY_FALLBACK: "true" }));
  assert.equal(problems.length, 1);
  assert.match(problems[0], /^MEMORY_FALLBACK: must be false/);
});

test("every fault is told at once, each by its variable", () => {
  const problems = problemsOf(() =>
    readConfig("worker", { QUEUES: "a,b", QUEUE_REDIS_URL: "http://x", PORT: "80x", QUEUE_CONCURRENCY: "0" }),
  );
  assert.deepEqual(
    problems.map((problem) => problem.split(":")[0]).sort(),
    ["PORT", "QUEUES", "QUEUE_CONCURRENCY", "QUEUE_REDIS_URL", "SERVICE_NAME"],
  );
});

test("SR-SECRET: a bad address is not repeated, it may hold a password", () => {
  const problems = problemsOf(() => readConfig("api", { SERVICE_NAME: "a", REDIS_URL: "http://:hunter2@cache:6379" }));
  assert.doesNotMatch(problems.join(), /hunter2/);
});

test("an unknown role names the roles", () => {
  assert.match(problemsOf(() => readConfig("sidecar", {})).join(), /api, worker, dashboard/);
});

test("the dashboard needs its credentials", () => {
  const problems = problemsOf(() => readConfig("dashboard", { SERVICE_NAME: "a", QUEUES: "q", QUEUE_REDIS_URL: "redis://r" }));
  assert.deepEqual(problems, ["DASHBOARD_USERNAME: is missing", "DASHBOARD_PASSWORD: is missing"]);
});

test("lists are split, lame duck stays within the drain time", () => {
  const config = readConfig("api", {
    SERVICE_NAME: "a",
    REDIS_URL: "redis://r",
    QUEUE_REDIS_URL: "rediss://:t@q:6379",
    QUEUES: "one, two,",
    DATABASE_READER_URLS: "postgres://r1/db,postgres://r2/db",
    SHUTDOWN_DRAIN_SECONDS: "5",
  });
  assert.deepEqual(config.queues, ["one", "two"]);
  assert.equal(config.readerUrls.length, 2);
  assert.equal(config.drainMs, 5000);
  assert.equal(config.lameDuckMs, 1000);
});

test("P0-QUEUE: a queue in PostgreSQL needs no queue Redis, a queue in Redis no database", () => {
  const worker = { SERVICE_NAME: "a", QUEUES: "q" };
  const postgres = { QUEUE_OPTIONS: '{"q":{"kind":"postgres"}}' };
  assert.deepEqual(problemsOf(() => readConfig("worker", worker)), ["QUEUE_REDIS_URL: is missing"]);
  assert.deepEqual(problemsOf(() => readConfig("worker", { ...worker, ...postgres })), ["DATABASE_URL: is missing"]);
  assert.equal(readConfig("worker", { ...worker, ...postgres, DATABASE_URL: "postgres://d/db" }).queueRedisUrl, null);
});

test("P0-QUEUE: options of a queue are checked, each fault by its name", () => {
  const base = { SERVICE_NAME: "a", QUEUES: "q", QUEUE_REDIS_URL: "redis://r" };
  const faults = (/** @type {string} */ text) => problemsOf(() => readConfig("worker", { ...base, QUEUE_OPTIONS: text }));
  assert.deepEqual(faults("[1]"), ["QUEUE_OPTIONS: must be a JSON object"]);
  assert.deepEqual(faults('{"p":{}}'), ['QUEUE_OPTIONS: "p" is not in QUEUES']);
  assert.match(faults('{"q":{"attempts":0}}').join(), /q\.attempts must be a whole number from 1 to 100/);
  assert.match(faults('{"q":{"kind":"sqs"}}').join(), /q\.kind must be bullmq or postgres/);
  assert.match(faults('{"q":{"tries":3}}').join(), /q\.tries is not an option/);
  const { queueOptions } = readConfig("worker", { ...base, QUEUE_OPTIONS: '{"q":{"attempts":3}}' });
  assert.deepEqual(queueOptions.q, { kind: "bullmq", attempts: 3, backoffSeconds: 1, keepFailedDays: 7, keepFailed: 10_000 });
});

test("P0-QUEUE: schedules are checked", () => {
  const base = { SERVICE_NAME: "a", QUEUES: "q", QUEUE_REDIS_URL: "redis://r" };
  const faults = (/** @type {unknown} */ schedules) => problemsOf(() => readConfig("worker", { ...base, QUEUE_SCHEDULES: JSON.stringify(schedules) }));
  assert.match(faults({ nightly: { cron: "daily" } }).join(), /nightly\.cron must have five fields/);
  assert.match(faults({ nightly: { cron: "0 3 * * *", timezone: "Mars/Olympus" } }).join(), /nightly\.timezone must be a name/);
  assert.deepEqual(faults({ nightly: { cron: "0 3 * * *", timezone: "Europe/Vienna" } }), []);
});
