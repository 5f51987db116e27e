// Sessions: whoever asks, whichever instance answers.

import { randomBytes } from "node:crypto";

import { answered } from "./connection.js";
import { digest, keyOf } from "./keys.js";

/**
 * @typedef {object} Session
 * @property {string} id 256 random bits; only their digest is kept as a key
 * @property {Record<string, unknown>} data
 * @property {string} expiresAt
 */

export class Sessions {
  /** @param {import("ioredis").Redis} redis @param {{ service: string, sessionTtlMs: number }} config */
  constructor(redis, config) {
    this.redis = redis;
    this.config = config;
  }

  /** @param {Record<string, unknown>} data @returns {Promise<Session>} */
  async create(data) {
    const id = randomBytes(32).toString("base64url");
    await answered(this.redis.set(this.#key(id), JSON.stringify(data), "PX", this.config.sessionTtlMs));
    return this.#session(id, data);
  }

  /** Reading a session prolongs it. @param {string} id @returns {Promise<Session | null>} */
  async read(id) {
    const text = await answered(this.redis.getex(this.#key(id), "PX", this.config.sessionTtlMs));
    return text === null ? null : this.#session(id, JSON.parse(text));
  }

  /** @param {string} id @returns {Promise<boolean>} whether there was one */
  async remove(id) {
    return (await answered(this.redis.del(this.#key(id)))) === 1;
  }

  /** @param {string} id */
  #key(id) {
    return keyOf(this.config.service, "session", digest(id));
  }

  /** @param {string} id @param {Record<string, unknown>} data @returns {Session} */
  #session(id, data) {
    return { id, data, expiresAt: new Date(Date.now() + this.config.sessionTtlMs).toISOString() };
  }
}
