// How many requests an instance has answered and how long they took, on a port that clients do not reach.

import { createServer } from "node:http";

import { METRICS_TYPE } from "./probes-server.js";
import { STREAMS } from "./streams.js";

/** Seconds; the boundaries that Prometheus' own clients begin with. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Count what the application answers; health paths are no load, and how long a stream lasts is up to its client.
 *
 * @param {import("fastify").FastifyInstance} app before its routes
 * @returns {() => string} the counts in Prometheus' text format
 */
export function countRequests(app) {
  /** @type {Map<string, number>} by method and status, both from short lists */
  const counts = new Map();
  const buckets = new Array(BOUNDARIES.length).fill(0);
  let [timed, seconds] = [0, 0];
  app.addHook("onResponse", async (request, reply) => {
    if (request.url.startsWith("/health/")) return;
    const labels = `method="${request.method}",status="${reply.statusCode}"`;
    counts.set(labels, (counts.get(labels) ?? 0) + 1);
    if (request.routeOptions.url === STREAMS) return;
    const took = reply.elapsedTime / 1000;
    timed += 1;
    seconds += took;
    // Each bucket counts what is in the smaller ones too.
    BOUNDARIES.forEach((boundary, n) => (buckets[n] += took <= boundary ? 1 : 0));
  });
  return () =>
    [
      "# HELP http_requests_total Requests answered.",
      "# TYPE http_requests_total counter",
      ...[...counts].map(([labels, count]) => `http_requests_total{${labels}} ${count}`),
      "# HELP http_request_duration_seconds How long requests took, streams apart.",
      "# TYPE http_request_duration_seconds histogram",
      ...BOUNDARIES.map((boundary, n) => `http_request_duration_seconds_bucket{le="${boundary}"} ${buckets[n]}`),
      `http_request_duration_seconds_bucket{le="+Inf"} ${timed}`,
      `http_request_duration_seconds_sum ${seconds}`,
      `http_request_duration_seconds_count ${timed}`,
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
