// The web server that the API and the dashboard have in common.

import fastify from "fastify";

import { HEALTH_TYPE } from "../health.js";
import { PROBLEM_TYPE, Problem, problemBody } from "../problem.js";
import { INSTANCE_HEADER, REQUEST_HEADER, requestIdOf } from "./identity.js";
import { STREAMS } from "./streams.js";

/** Above the idle time-out of the usual load balancers (60 s), so that it is never the server that hangs up first. */
const KEEP_ALIVE_MS = 65_000;

/**
 * @param {{ instance: string, logRequests: boolean }} config
 * @param {import("../health.js").Health} health
 * @param {import("../log.js").Log} log
 */
export function createApp({ instance, logRequests }, health, log) {
  const app = fastify({
    logger: false,
    genReqId: requestIdOf,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: 30_000,
    bodyLimit: 64 * 1024,
    // While leaving, requests on open connections are still answered properly.
    return503OnClosing: false,
    forceCloseConnections: "idle",
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.header(INSTANCE_HEADER, instance);
    reply.header(REQUEST_HEADER, request.id);
    if (health.draining) reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    const path = request.url.split("?")[0];
    // A stream takes as long as its client stays: that is no time to hold against anything.
    const ms = request.routeOptions.url === STREAMS ? undefined : Math.round(reply.elapsedTime);
    const fields = { method: request.method, path, status: reply.statusCode, ms, requestId: request.id };
    // Whoever counts requests wants load: health paths are none.
    if (logRequests && !path.startsWith("/health/")) log.info("request", fields);
    else log.debug("request", fields);
  });
  app.setNotFoundHandler((request, reply) => {
    sendProblem(reply, request.id, new Problem(404, `${request.method} ${request.url.split("?")[0]} is not served here`));
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) {
      const path = request.url.split("?")[0];
      log.error("request failed", { method: request.method, path, requestId: request.id, status: problem.status, error: problem.cause ?? error });
    }
    sendProblem(reply, request.id, problem);
  });
  app.get("/health/live", async (_request, reply) => sendHealth(reply, health.live()));
  app.get("/health/ready", async (_request, reply) => sendHealth(reply, await health.ready()));
  return app;
}

/** @param {unknown} error @returns {Problem} */
function problemOf(error) {
  if (error instanceof Problem) return error;
  const { statusCode = 500, message, validation } = /** @type {import("fastify").FastifyError} */ (error);
  if (statusCode >= 500) return new Problem(500, "something went wrong here; the request ID finds it in the log", { cause: error });
  const faults = validation?.map((fault) => ({ at: fault.instancePath || "/", message: fault.message }));
  return new Problem(statusCode, message, { extra: faults ? { errors: faults } : {} });
}

/** @param {import("fastify").FastifyReply} reply @param {string} requestId @param {Problem} problem */
export function sendProblem(reply, requestId, problem) {
  reply.code(problem.status).headers(problem.headers).header("cache-control", "no-store").type(PROBLEM_TYPE);
  return reply.serializer(JSON.stringify).send(problemBody(problem.status, problem.message, requestId, problem.extra));
}

/** @param {import("fastify").FastifyReply} reply @param {import("../health.js").HealthAnswer} answer */
function sendHealth(reply, { code, body }) {
  return reply.code(code).header("cache-control", "no-store").type(HEALTH_TYPE).serializer(JSON.stringify).send(body);
}

/**
 * Listen on every address, of both families where the machine has both.
 *
 * @param {import("fastify").FastifyInstance} app
 * @param {number} port 0 takes any free one
 * @returns {Promise<number>} the port
 */
export async function listen(app, port) {
  try {
    await app.listen({ host: "::", port });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EAFNOSUPPORT") throw error;
    await app.listen({ host: "0.0.0.0", port });
  }
  return /** @type {import("node:net").AddressInfo} */ (app.server.address()).port;
}
