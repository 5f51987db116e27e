// Files, whole or in parts.

import { Problem } from "../problem.js";
import { Gate } from "./gate.js";
import { param } from "./state-routes.js";

/** S3's least size of a part is 5 MiB; bodies are held in memory so that they can be sent again, hence the limits. */
const BODY_LIMIT = 8 * 1024 * 1024;
const BODIES_AT_ONCE = 3;
const KEY = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w!.*'()/-]{1,512}$/;

/**
 * @param {import("fastify").FastifyInstance} root
 * @param {import("../objects/store.js").ObjectStore} store
 * @param {import("../objects/uploads.js").Uploads} uploads
 */
export function objectRoutes(root, store, uploads) {
  root.post("/uploads", { schema: { body: START } }, async (request, reply) => {
    const { key, contentType = "application/octet-stream" } = /** @type {{ key: string, contentType?: string }} */ (request.body);
    const upload = await uploads.start(checkedKey(key), contentType);
    return reply.code(201).header("location", `/uploads/${upload.id}`).send(upload);
  });
  root.get("/uploads/:id", async (request) => uploads.read(param(request, "id")));
  root.get("/files/*", async (request, reply) => {
    const file = await store.get(checkedKey(param(request, "*")));
    if (file.length !== undefined) reply.header("content-length", file.length);
    return reply.type(file.type).header("etag", file.etag).send(file.body);
  });
  root.register(async (app) => withBodies(app, store, uploads));
}

/**
 * Routes that take a body of any type as it is.
 *
 * @param {import("fastify").FastifyInstance} app
 * @param {import("../objects/store.js").ObjectStore} store
 * @param {import("../objects/uploads.js").Uploads} uploads
 */
function withBodies(app, store, uploads) {
  const gate = new Gate(BODIES_AT_ONCE);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: BODY_LIMIT }, (_request, body, done) => done(null, body));
  // A body waits in the client until there is room: the number held at once is bounded, not only the size of each.
  app.addHook("preParsing", async (request, reply) => {
    const release = await gate.enter();
    reply.raw.once("close", release);
    if (reply.raw.destroyed) release();
  });
  app.put("/files/*", async (request, reply) => {
    const key = checkedKey(param(request, "*"));
    const type = request.headers["content-type"] ?? "application/octet-stream";
    const { etag } = await store.put(key, bodyOf(request), type);
    return reply.code(201).header("etag", etag).send({ key, etag });
  });
  app.put("/uploads/:id/parts/:number", { schema: { params: PART } }, async (request) => {
    return uploads.putPart(param(request, "id"), Number(param(request, "number")), bodyOf(request));
  });
  app.post("/uploads/:id/complete", async (request) => uploads.complete(param(request, "id")));
}

const START = {
  type: "object",
  properties: { key: { type: "string" }, contentType: { type: "string", pattern: "^[\\w.+-]+/[\\w.+-]+$" } },
  required: ["key"],
  additionalProperties: false,
};
const PART = { type: "object", properties: { number: { type: "integer", minimum: 1, maximum: 10_000 } } };

/** @param {string} key */
function checkedKey(key) {
  if (KEY.test(key)) return key;
  throw new Problem(400, "a file's name has 1 to 512 letters, digits or any of _ ! . * ' ( ) / - and no . or .. between slashes");
}

/** @param {import("fastify").FastifyRequest} request @returns {Buffer} */
function bodyOf(request) {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}
