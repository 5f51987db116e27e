// How many requests an instance has answered, on a port that clients do not reach.

import { createServer } from "node:http";

import { METRICS_TYPE } from "./probes-server.js";

/**
 * Count what the application answers; health paths are no load.
 *
 * @param {import("fastify").FastifyInstance} app before its routes
 * @returns {() => string} the count in Prometheus' text format
 */
export function countRequests(app) {
  /** @type {Map<string, number>} by method and status, both from short lists */
  const counts = new Map();
  app.addHook("onResponse", async (request, reply) => {
    if (request.url.startsWith("/health/")) return;
    const labels = `method="${request.method}",status="${reply.statusCode}"`;
    counts.set(labels, (counts.get(labels) ?? 0) + 1);
  });
  return () =>
    [
      "# HELP http_requests_total Requests answered.",
      "# TYPE http_requests_total counter",
      ...[...counts].map(([labels, count]) => `http_requests_total{${labels}} ${count}`),
      "",
    ].join("\n");
}

/**
 * @param {number} port
 * @param {() => string} text
 * @returns {Promise<import("node:http").Server>} listening
 */
export async function serveMetrics(port, text) {
  const server = createServer((request, response) => {
    const asked = request.method === "GET" && request.url?.split("?")[0] === "/metrics";
    response.writeHead(asked ? 200 : 404, { "content-type": asked ? METRICS_TYPE : "text/plain", "cache-control": "no-store" });
    response.end(asked ? text() : "GET /metrics only\n");
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => resolve(undefined));
  });
  return server;
}
