// A sliding-window log in one sorted set a client: exact, atomic, and on the server's clock, not the instances'.

import { randomUUID } from "node:crypto";

import { answered } from "./connection.js";
import { digest, keyOf } from "./keys.js";

const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local used = redis.call('ZCARD', KEYS[1])
local allowed = 0
if used < limit then
  redis.call('ZADD', KEYS[1], now, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], window)
  used = used + 1
  allowed = 1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { allowed, limit - used, oldest[2] + window - now }
`;

/**
 * @typedef {object} Verdict
 * @property {boolean} allowed
 * @property {number} limit requests in a window
 * @property {number} remaining
 * @property {number} resetMs until the oldest request leaves the window
 */

export class RateLimit {
  /**
   * @param {import("ioredis").Redis} redis
   * @param {{ service: string }} config
   * @param {{ current: import("../settings.js").Settings }} settings asked each time: they may change
   */
  constructor(redis, { service }, settings) {
    redis.defineCommand("takeFromWindow", { numberOfKeys: 1, lua: TAKE });
    this.redis = /** @type {import("ioredis").Redis & { takeFromWindow: Take }} */ (redis);
    this.service = service;
    this.settings = settings;
  }

  /** Count one request of a client. @param {string} client @returns {Promise<Verdict>} */
  async take(client) {
    const { rateLimitRequests: limit, rateLimitWindowMs: window } = this.settings.current;
    const key = keyOf(this.service, "limit", digest(client));
    const [allowed, remaining, resetMs] = await answered(this.redis.takeFromWindow(key, window, limit, randomUUID()));
    return { allowed: allowed === 1, limit, remaining, resetMs };
  }
}

/** @typedef {(key: string, windowMs: number, limit: number, member: string) => Promise<[number, number, number]>} Take */
