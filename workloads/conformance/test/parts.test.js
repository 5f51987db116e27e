import assert from "node:assert/strict";
import { test } from "node:test";

import { DeadlineError, within } from "../src/deadline.js";
import { Health } from "../src/health.js";
import { Gate } from "../src/http/gate.js";
import { createLog, redact } from "../src/log.js";
import { isTransient } from "../src/postgres/errors.js";
import { lagOf, parseLsn } from "../src/postgres/replicas.js";

const ABOUT = { service: "s", version: "1", instance: "i" };

test("SR-SECRET: credentials in addresses do not reach the log", () => {
  assert.equal(redact("at rediss://:to@ken@10.0.0.1:6379/0"), "at rediss://***@10.0.0.1:6379/0");
  assert.equal(redact("mail bob@example.org"), "mail bob@example.org");
  /** @type {string[]} */
  const lines = [];
  const log = createLog({ ...ABOUT, role: "api", logLevel: "info" }, (line) => lines.push(line));
  log.error("no answer", { error: new Error("connect postgres://bob:hunter2@db:5432/x failed") });
  log.debug("not shown");
  assert.equal(lines.length, 1);
  assert.doesNotMatch(lines[0], /hunter2/);
  assert.equal(JSON.parse(lines[0]).error.message, "connect postgres://***@db:5432/x failed");
});

test("a promise that does not settle is given up, one that does is passed on", async () => {
  await assert.rejects(within(new Promise(() => {}), 5, "nothing"), DeadlineError);
  assert.equal(await within(Promise.resolve(7), 1000, "seven"), 7);
});

test("PV-HEALTH: live does not ask the dependencies, ready does, and tells which one", async () => {
  const health = new Health(ABOUT, [
    { name: "up", type: "datastore", probe: async () => ({ status: "pass" }) },
    { name: "down", type: "datastore", probe: async () => Promise.reject(new Error("no route")) },
  ]);
  assert.equal(health.live().code, 200);
  const { code, body } = await health.ready();
  assert.equal(code, 503);
  const checks = /** @type {Record<string, any[]>} */ (body.checks);
  assert.equal(checks["up:responseTime"][0].status, "pass");
  assert.equal(checks["down:responseTime"][0].output, "no route");
});

test("PV-HEALTH: a dependency that hangs is a failure, not a hang", async () => {
  const health = new Health(ABOUT, [{ name: "stuck", type: "datastore", probe: () => new Promise(() => {}) }]);
  assert.equal((await health.ready()).code, 503);
});

test("PV-HEALTH: a warning does not take an instance out of service, leaving does", async () => {
  const health = new Health(ABOUT, [{ name: "odd", type: "datastore", probe: async () => ({ status: "warn", output: "o" }) }]);
  assert.deepEqual([(await health.ready()).code, (await health.ready()).body.status], [200, "warn"]);
  health.drain();
  assert.equal((await health.ready()).code, 503);
  assert.equal(health.live().code, 200);
});

test("probes at the same time share one run of the checks", async () => {
  let runs = 0;
  const probe = async () => ((runs += 1), /** @type {const} */ ({ status: "pass" }));
  const health = new Health(ABOUT, [{ name: "counted", type: "datastore", probe }]);
  await Promise.all([health.ready(), health.ready(), health.ready()]);
  assert.equal(runs, 1);
});

test("a gate lets in as many as it has room for, and the next when one leaves", async () => {
  const gate = new Gate(1);
  const leave = await gate.enter();
  let second = false;
  const entered = gate.enter().then((release) => ((second = true), release));
  await Promise.resolve();
  assert.equal(second, false);
  leave();
  leave(); // leaving twice makes room once
  (await entered)();
  assert.equal(second, true);
  assert.equal(gate.room, 1);
});

test("PV-REPLICA: lag is told from log positions", () => {
  const samples = [
    { at: 1000, lsn: 10n },
    { at: 2000, lsn: 20n },
    { at: 3000, lsn: 30n },
  ];
  assert.equal(lagOf(30n, samples, 60_000), 0, "caught up on an idle primary, whatever the last transaction's age");
  assert.equal(lagOf(25n, samples, 60_000), 1000, "has all that was there at 2000");
  assert.equal(lagOf(5n, samples, 60_000), 60_000, "older than anything known: its own word");
  assert.equal(lagOf(25n, samples, 400), 400, "the smaller of two upper bounds");
  assert.equal(lagOf(5n, [], Infinity), Infinity);
  assert.equal(parseLsn("16/B374D848"), 0x16_b374d848n);
});

test("PV-DBFAIL: what a failover causes is tried again, a wrong statement is not", () => {
  const error = (/** @type {string} */ code) => Object.assign(new Error("x"), { code });
  for (const code of ["57P01", "25006", "08006", "ECONNREFUSED"]) assert.ok(isTransient(error(code)), code);
  for (const code of ["23505", "42P01", "22P02"]) assert.ok(!isTransient(error(code)), code);
  assert.ok(isTransient(new AggregateError([error("ECONNREFUSED")])));
  assert.ok(isTransient(new Error("Connection terminated unexpectedly")));
});
