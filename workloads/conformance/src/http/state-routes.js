// Routes whose state is in Redis.

import { Problem } from "../problem.js";
import { digest } from "../redis/keys.js";

const NAME = { type: "string", pattern: "^[a-z0-9-]{1,64}$" };
const OBJECT = { type: "object", additionalProperties: true };

/**
 * @param {import("fastify").FastifyInstance} app
 * @param {{
 *   sessions: import("../redis/sessions.js").Sessions,
 *   limit: import("../redis/rate-limit.js").RateLimit,
 *   keys: import("../redis/idempotency.js").IdempotencyKeys,
 *   breakers: import("../redis/breaker.js").Breakers,
 *   effects: { once(scope: string, key: string, result: unknown): Promise<import("../postgres/effects.js").Effect> },
 *   service: string,
 * }} parts
 */
export function stateRoutes(app, { sessions, limit, keys, breakers, effects, service }) {
  app.post("/sessions", { schema: { body: OBJECT } }, async (request, reply) => {
    const session = await sessions.create(/** @type {Record<string, unknown>} */ (request.body));
    return reply.code(201).header("location", `/sessions/${session.id}`).send(session);
  });
  app.get("/sessions/:id", async (request) => found(await sessions.read(param(request, "id")), "session"));
  app.delete("/sessions/:id", async (request, reply) => {
    await sessions.remove(param(request, "id"));
    return reply.code(204).send();
  });

  app.get("/limits", async (request, reply) => {
    const client = request.headers["x-client-id"];
    const verdict = await limit.take(typeof client === "string" ? client : request.ip);
    const reset = String(Math.ceil(verdict.resetMs / 1000));
    reply.header("ratelimit-limit", verdict.limit).header("ratelimit-remaining", verdict.remaining).header("ratelimit-reset", reset);
    if (!verdict.allowed) {
      throw new Problem(429, `more than ${verdict.limit} requests in the window`, { headers: { "retry-after": reset } });
    }
    return { limit: verdict.limit, remaining: verdict.remaining };
  });

  app.post("/idempotent", async (request, reply) => {
    const key = request.headers["idempotency-key"];
    if (typeof key !== "string" || key.length === 0 || key.length > 255) {
      throw new Problem(400, "send an Idempotency-Key header of 1 to 255 characters");
    }
    const { answer, replayed } = await keys.once(key, request.body, async () => {
      const receipt = { receipt: request.id, content: request.body ?? null };
      const effect = await effects.once(`${service}/receipts`, digest(key), receipt);
      return { status: 201, body: { .../** @type {object} */ (effect.result), effects: effect.count } };
    });
    return reply.code(answer.status).header("idempotency-replayed", String(replayed)).send(answer.body);
  });

  const byName = { schema: { params: { type: "object", properties: { name: NAME } } } };
  app.get("/breakers/:name", byName, async (request) => {
    const name = param(request, "name");
    return { ...(await breakers.read(name)), heard: breakers.copy(name) };
  });
  app.post("/breakers/:name/failures", byName, async (request, reply) => {
    return reply.code(202).send(await breakers.fail(param(request, "name")));
  });
  app.delete("/breakers/:name", byName, async (request, reply) => {
    await breakers.close(param(request, "name"));
    return reply.code(204).send();
  });
}

/** @param {import("fastify").FastifyRequest} request @param {string} name @returns {string} */
export function param(request, name) {
  return /** @type {Record<string, string>} */ (request.params)[name];
}

/** @template T @param {T | null | undefined} value @param {string} what @returns {T} */
export function found(value, what) {
  if (value === null || value === undefined) throw new Problem(404, `there is no such ${what}`);
  return value;
}
