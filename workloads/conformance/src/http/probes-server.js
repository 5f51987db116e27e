// A server for the health and metrics paths alone, for roles that serve nothing else.

import { createServer } from "node:http";

import { HEALTH_TYPE } from "../health.js";
import { PROBLEM_TYPE, problemBody, unavailable } from "../problem.js";
import { INSTANCE_HEADER, REQUEST_HEADER, requestIdOf } from "./identity.js";

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * @param {{ port: number, instance: string }} config
 * @param {import("../health.js").Health} health
 * @param {() => Promise<string>} metrics in Prometheus' text format
 * @returns {Promise<import("node:http").Server>} listening
 */
export async function serveProbes({ port, instance }, health, metrics) {
  const server = createServer(async (request, response) => {
    const requestId = requestIdOf(request);
    const { code, body, type } = await answer(request, requestId, health, metrics);
    response.writeHead(code, {
      "content-type": type,
      "cache-control": "no-store",
      connection: health.draining ? "close" : "keep-alive",
      [INSTANCE_HEADER]: instance,
      [REQUEST_HEADER]: requestId,
    });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => resolve(undefined));
  });
  return server;
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {string} requestId
 * @param {import("../health.js").Health} health
 * @param {() => Promise<string>} metrics
 * @returns {Promise<{ code: number, body: unknown, type: string }>}
 */
async function answer(request, requestId, health, metrics) {
  const path = request.url?.split("?")[0];
  if (request.method === "GET" && path === "/health/live") return { ...health.live(), type: HEALTH_TYPE };
  if (request.method === "GET" && path === "/health/ready") return { ...(await health.ready()), type: HEALTH_TYPE };
  if (request.method === "GET" && path === "/metrics") return told(requestId, metrics);
  const detail = "this process answers GET /health/live, GET /health/ready and GET /metrics only";
  return { code: 404, body: problemBody(404, detail, requestId), type: PROBLEM_TYPE };
}

/** No number rather than a wrong one: an autoscaler then keeps what it has. @param {string} requestId @param {() => Promise<string>} metrics */
async function told(requestId, metrics) {
  try {
    return { code: 200, body: await metrics(), type: METRICS_TYPE };
  } catch (error) {
    const { status, message } = unavailable("the queue", error);
    return { code: status, body: problemBody(status, message, requestId), type: PROBLEM_TYPE };
  }
}
