// Records in PostgreSQL.

import { found, param } from "./state-routes.js";

const UUID = { type: "string", format: "uuid" };

/** @param {import("fastify").FastifyInstance} app @param {import("../postgres/records.js").Records} records */
export function recordRoutes(app, records) {
  const body = { type: "object", properties: { id: UUID, data: {} }, required: ["data"], additionalProperties: false };
  app.post("/records", { schema: { body } }, async (request, reply) => {
    const { id, data } = /** @type {{ id?: string, data: unknown }} */ (request.body);
    const record = await records.create(data, id);
    return reply.code(201).header("location", `/records/${record.id}`).send(record);
  });
  const params = { type: "object", properties: { id: UUID } };
  app.get("/records/:id", { schema: { params } }, async (request, reply) => {
    const { record, from, lagMs } = await records.read(param(request, "id"));
    reply.header("x-read-from", from);
    if (lagMs !== null) reply.header("x-replica-lag-ms", lagMs);
    return found(record, "record");
  });
}
