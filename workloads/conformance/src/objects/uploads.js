// Upload sessions: their state in Redis, their parts in S3, so that each part may go to another instance.

import { randomUUID } from "node:crypto";

import { Problem } from "../problem.js";
import { answered } from "../redis/connection.js";
import { keyOf } from "../redis/keys.js";

const KEPT_MS = 24 * 3600 * 1000;
const PART = "part:";

/**
 * @typedef {object} Upload
 * @property {string} id
 * @property {string} key the file's name when complete
 * @property {"open" | "complete"} state
 * @property {{ number: number, etag: string }[]} parts by number
 * @property {string | null} etag of the complete file
 */

export class Uploads {
  /**
   * @param {import("ioredis").Redis} redis
   * @param {import("./store.js").ObjectStore} store
   * @param {{ service: string }} config
   */
  constructor(redis, store, config) {
    this.redis = redis;
    this.store = store;
    this.config = config;
  }

  /** @param {string} key @param {string} type @returns {Promise<Upload>} */
  async start(key, type) {
    const id = randomUUID();
    const multipart = await this.store.startMultipart(key, type, id);
    await answered(
      this.redis.multi().hset(this.#name(id), { key, multipart, state: "open" }).pexpire(this.#name(id), KEPT_MS).exec(),
    );
    return { id, key, state: "open", parts: [], etag: null };
  }

  /** @param {string} id @returns {Promise<Upload>} */
  async read(id) {
    return describe(id, await this.#fields(id));
  }

  /** A part sent again replaces the one before. @param {string} id @param {number} number @param {Buffer} body */
  async putPart(id, number, body) {
    const fields = await this.#fields(id);
    if (fields.state !== "open") throw new Problem(409, "this upload is complete; start another");
    const etag = await this.store.putPart(fields.key, fields.multipart, number, body);
    await answered(this.redis.hset(this.#name(id), `${PART}${number}`, etag));
    return { number, etag };
  }

  /** May be repeated, also after an instance died half-way. @param {string} id @returns {Promise<Upload>} */
  async complete(id) {
    const fields = await this.#fields(id);
    const upload = describe(id, fields);
    if (upload.state === "complete") return upload;
    if (upload.parts.length === 0) throw new Problem(422, "the upload has no part yet");
    const etag = await this.#finish(fields, upload);
    await answered(this.redis.hset(this.#name(id), { state: "complete", etag }));
    return { ...upload, state: "complete", etag };
  }

  /** @param {Record<string, string>} fields @param {Upload} upload */
  async #finish(fields, upload) {
    try {
      return await this.store.completeMultipart(upload.key, fields.multipart, upload.parts);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      // S3 has closed it already, for a request whose answer was lost, or it was aborted.
      const etag = await this.store.madeBy(upload.key, upload.id);
      if (etag === null) throw new Problem(409, "this upload was ended in the object store; start another", { cause: error });
      return etag;
    }
  }

  /** @param {string} id @returns {Promise<Record<string, string>>} */
  async #fields(id) {
    const fields = await answered(this.redis.hgetall(this.#name(id)));
    if (fields.state === undefined) throw new Problem(404, "there is no such upload");
    return fields;
  }

  /** @param {string} id */
  #name(id) {
    return keyOf(this.config.service, "upload", id);
  }
}

/** @param {string} id @param {Record<string, string>} fields @returns {Upload} */
function describe(id, fields) {
  const parts = Object.entries(fields)
    .filter(([name]) => name.startsWith(PART))
    .map(([name, etag]) => ({ number: Number(name.slice(PART.length)), etag }))
    .sort((a, b) => a.number - b.number);
  return { id, key: fields.key, state: fields.state === "complete" ? "complete" : "open", parts, etag: fields.etag ?? null };
}
