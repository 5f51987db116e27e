// Idempotency keys: the first request with a key does the work, later ones get its answer.

import { randomUUID } from "node:crypto";

import { Problem } from "../problem.js";
import { answered } from "./connection.js";
import { digest, keyOf } from "./keys.js";

/** A holder that has died frees its key after so long. */
const CLAIM_MS = 30_000;
const KEPT_MS = 24 * 3600 * 1000;

/** Act on the key only while it still carries this holder's claim. */
const SETTLE = `
local held = redis.call('GET', KEYS[1])
if not held or cjson.decode(held).holder ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
`;

/** @typedef {{ status: number, body: unknown }} Answer */
/** @typedef {{ holder: string, fingerprint: string, answer?: Answer }} Record_ */

export class IdempotencyKeys {
  /** @param {import("ioredis").Redis} redis @param {{ service: string }} config */
  constructor(redis, config) {
    redis.defineCommand("settleClaim", { numberOfKeys: 1, lua: SETTLE });
    this.redis = /** @type {import("ioredis").Redis & { settleClaim: Settle }} */ (redis);
    this.config = config;
  }

  /**
   * Do `work` unless a request with this key has done it.
   *
   * @param {string} clientKey
   * @param {unknown} request what the key was used for; another content with the same key is refused
   * @param {() => Promise<Answer>} work must itself bear repetition: its instance may die before the answer is kept
   * @returns {Promise<{ answer: Answer, replayed: boolean }>}
   * @throws {Problem} 409 while another request with the key is under way, 422 for another content
   */
  async once(clientKey, request, work) {
    const key = keyOf(this.config.service, "idempotency", digest(clientKey));
    /** @type {Record_} */
    const claim = { holder: randomUUID(), fingerprint: digest(JSON.stringify(request ?? null)) };
    const before = await answered(this.redis.set(key, JSON.stringify(claim), "PX", CLAIM_MS, "NX", "GET"));
    if (before !== null) {
      const earlier = /** @type {Record_} */ (JSON.parse(before));
      // The command may have been sent twice over a broken connection: then the claim found is our own.
      if (earlier.holder !== claim.holder) return { answer: known(earlier, claim.fingerprint), replayed: true };
    }
    const answer = await this.#carryOut(key, claim.holder, work);
    const kept = JSON.stringify({ ...claim, answer });
    await answered(this.redis.settleClaim(key, claim.holder, kept, KEPT_MS));
    return { answer, replayed: false };
  }

  /** @param {string} key @param {string} holder @param {() => Promise<Answer>} work */
  async #carryOut(key, holder, work) {
    try {
      return await work();
    } catch (error) {
      await answered(this.redis.settleClaim(key, holder, "", 0));
      throw error;
    }
  }
}

/** @param {Record_} earlier @param {string} fingerprint @returns {Answer} */
function known(earlier, fingerprint) {
  if (earlier.fingerprint !== fingerprint) {
    throw new Problem(422, "this Idempotency-Key was used with another content; use a new key");
  }
  if (earlier.answer === undefined) {
    throw new Problem(409, "a request with this Idempotency-Key is under way", { headers: { "retry-after": "1" } });
  }
  return earlier.answer;
}

/** @typedef {(key: string, holder: string, record: string, ttlMs: number) => Promise<number>} Settle */
