// Jobs for the workers, and what has become of them.

import { randomUUID } from "node:crypto";

import { digest } from "../redis/keys.js";
import { found, param } from "./state-routes.js";

/** BullMQ refuses whole numbers and colons as ids. */
const ID = { type: "string", pattern: "^(?![0-9]+$)[A-Za-z0-9_.-]{1,128}$" };

/**
 * @param {import("fastify").FastifyInstance} app
 * @param {import("../queues/jobs.js").Jobs} jobs
 * @param {{ read(scope: string, key: string): Promise<{ result: unknown, count: number } | null> }} effects
 */
export function jobRoutes(app, jobs, effects) {
  const body = {
    type: "object",
    properties: { queue: { type: "string" }, payload: { type: "object", additionalProperties: true }, id: ID },
    required: ["queue"],
    additionalProperties: false,
  };
  app.post("/jobs", { schema: { body } }, async (request, reply) => {
    const { queue, payload = {}, id } = /** @type {{ queue: string, payload?: Record<string, unknown>, id?: string }} */ (request.body);
    const key = request.headers["idempotency-key"];
    const job = await jobs.add(queue, id ?? (typeof key === "string" ? `key-${digest(key)}` : randomUUID()), payload);
    return reply.code(202).header("location", `/jobs/${job.queue}/${job.id}`).send(job);
  });
  app.get("/jobs/:queue", async (request) => jobs.counts(param(request, "queue")));
  app.get("/jobs/:queue/:id", async (request) => jobs.read(param(request, "queue"), param(request, "id")));
  app.get("/effects/:scope/:key", async (request) => found(await effects.read(param(request, "scope"), param(request, "key")), "effect"));
}
