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
