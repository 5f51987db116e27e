// Real servers for the tests: free loopback ports, a temporary folder, an unprivileged user, gone at the end.

import { spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** PostgreSQL refuses to run as root. */
const USER = "postgres";

/** @returns {Promise<number>} a port that was free a moment ago */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * A folder for the unprivileged user, removed after the test.
 *
 * @param {Cleanup} cleanup
 */
export function folder(cleanup) {
  const made = mkdtempSync(path.join(tmpdir(), "groundwork-workload-"));
  if (process.getuid?.() === 0) {
    const [uid, gid] = ["-u", "-g"].map((flag) => Number(spawnSync("id", [flag, USER], { encoding: "utf8" }).stdout));
    chownSync(made, uid, gid);
  }
  cleanup.add(async () => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Run a command to its end. @param {string[]} argv @param {string} cwd */
export async function run(argv, cwd) {
  const [command, ...rest] = unprivileged(argv);
  const child = spawn(command, rest, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const output = collect(child);
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}:\n${output.text}`);
}

/** A server that was started, and can be stopped and started again on its port. */
export class Server {
  /** @param {string[]} argv @param {{ cwd: string, port: number, cleanup: Cleanup, env?: NodeJS.ProcessEnv }} options */
  constructor(argv, { cwd, port, cleanup, env = {} }) {
    this.argv = argv;
    this.cwd = cwd;
    this.port = port;
    this.env = env;
    /** @type {import("node:child_process").ChildProcess | null} */
    this.child = null;
    cleanup.add(() => this.stop("SIGKILL"));
  }

  /** Nothing happens if it runs already. */
  async start() {
    if (this.child !== null && this.child.exitCode === null && this.child.signalCode === null) return this;
    const [command, ...rest] = unprivileged(this.argv);
    this.child = spawn(command, rest, { cwd: this.cwd, env: { ...process.env, ...this.env }, stdio: ["ignore", "pipe", "pipe"] });
    const output = collect(this.child);
    await until(async () => {
      if (this.child?.exitCode !== null) throw new Fatal(`${this.argv[0]} ended:\n${output.text}`);
      return accepts(this.port);
    }, `${this.argv[0]} on port ${this.port}`);
    return this;
  }

  /** @param {NodeJS.Signals} [signal] */
  async stop(signal = "SIGTERM") {
    const child = this.child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }
}

/** An error that waiting longer does not cure. */
class Fatal extends Error {}

/**
 * Ask again and again until the answer is truthy.
 *
 * @template T
 * @param {() => Promise<T | null | false | undefined>} ask an error counts as not yet
 * @param {string} what named when the time is over
 * @param {number} [ms]
 * @returns {Promise<T>}
 */
export async function until(ask, what, ms = 60_000) {
  const deadline = performance.now() + ms;
  /** @type {unknown} */
  let last;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      if (error instanceof Fatal) throw error;
      last = error;
    }
    await sleep(50);
  }
  throw new Error(`waited ${ms} ms for ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
}

/** What has to be undone, newest first. */
export class Cleanup {
  constructor() {
    /** @type {(() => Promise<void>)[]} */
    this.steps = [];
  }

  /** @param {() => Promise<void>} step */
  add(step) {
    this.steps.push(step);
  }

  async run() {
    for (const step of this.steps.splice(0).reverse()) await step();
  }
}

/** @param {import("node:child_process").ChildProcess} child */
export function collect(child) {
  const output = { text: "" };
  child.stdout?.on("data", (chunk) => (output.text += chunk));
  child.stderr?.on("data", (chunk) => (output.text += chunk));
  return output;
}

/** @param {string[]} argv */
function unprivileged(argv) {
  if (process.getuid?.() !== 0) return argv;
  // setpriv replaces itself by the command, so that the child's pid is the server's.
  return ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", ...argv];
}

/** @param {number} port @returns {Promise<boolean>} */
function accepts(port) {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}
