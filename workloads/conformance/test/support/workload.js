// The workload as the cluster runs it: a process of its own, told everything by its environment.

import { spawn } from "node:child_process";
import path from "node:path";

import { collect, until } from "./processes.js";

const MAIN = path.resolve(import.meta.dirname, "../../src/main.js");

/** Where a worker dies: its jobs are another's soon. Elsewhere a worker that is slow for a moment must not lose its job. */
export const SHORT_LOCK = { JOB_LOCK_SECONDS: "2" };

/**
 * @param {string} role
 * @param {Record<string, string>} env
 * @param {import("./processes.js").Cleanup} cleanup
 */
export function launch(role, env, cleanup) {
  const child = spawn(process.execPath, [MAIN, role], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: "0", SERVICE_NAME: "music-service", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = collect(child);
  const exited = /** @type {Promise<number | null>} */ (new Promise((resolve) => child.once("close", (code) => resolve(code))));
  cleanup.add(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return { child, output, exited };
}

/**
 * Started and listening, not necessarily ready.
 *
 * @param {string} role
 * @param {Record<string, string>} env
 * @param {import("./processes.js").Cleanup} cleanup
 */
export async function startWorkload(role, env, cleanup) {
  const { child, output, exited } = launch(role, env, cleanup);
  const line = await until(async () => {
    if (child.exitCode !== null) throw new Error(output.text);
    return /"message":"listening","port":(\d+)/.exec(output.text);
  }, `${role} to listen`);
  const url = `http://127.0.0.1:${line[1]}`;
  return {
    child,
    output,
    exited,
    url,
    /** @param {string} route @param {Call} [call] */
    call: (route, call) => callApi(url, route, call),
    ready: () => until(async () => (await fetch(`${url}/health/ready`)).ok, `${role} to be ready`),
  };
}

/**
 * @typedef {object} Call
 * @property {string} [method]
 * @property {unknown} [json]
 * @property {BodyInit} [body]
 * @property {Record<string, string>} [headers]
 */

/** @param {string} url @param {string} route @param {Call} [call] */
async function callApi(url, route, { method = "GET", json, body, headers = {} } = {}) {
  const response = await fetch(url + route, {
    method,
    headers: { ...(json === undefined ? {} : { "content-type": "application/json" }), ...headers },
    body: json === undefined ? body : JSON.stringify(json),
  });
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  return { status: response.status, headers: response.headers, text, body: type.includes("json") ? JSON.parse(text) : null };
}
