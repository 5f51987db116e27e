// A server for the health paths alone, for roles that serve nothing else.

import { createServer } from "node:http";

import { HEALTH_TYPE } from "../health.js";
import { PROBLEM_TYPE, problemBody } from "../problem.js";
import { INSTANCE_HEADER, REQUEST_HEADER, requestIdOf } from "./identity.js";

/**
 * @param {{ port: number, instance: string }} config
 * @param {import("../health.js").Health} health
 * @returns {Promise<import("node:http").Server>} listening
 */
export async function serveProbes({ port, instance }, health) {
  const server = createServer(async (request, response) => {
    const requestId = requestIdOf(request);
    const { code, body, type } = await answer(request, requestId, health);
    response.writeHead(code, {
      "content-type": type,
      "cache-control": "no-store",
      connection: health.draining ? "close" : "keep-alive",
      [INSTANCE_HEADER]: instance,
      [REQUEST_HEADER]: requestId,
    });
    response.end(JSON.stringify(body));
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
 */
async function answer(request, requestId, health) {
  const path = request.url?.split("?")[0];
  if (request.method === "GET" && path === "/health/live") return { ...health.live(), type: HEALTH_TYPE };
  if (request.method === "GET" && path === "/health/ready") return { ...(await health.ready()), type: HEALTH_TYPE };
  const detail = "this process answers GET /health/live and GET /health/ready only";
  return { code: 404, body: problemBody(404, detail, requestId), type: PROBLEM_TYPE };
}
