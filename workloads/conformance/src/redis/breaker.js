// Circuit breakers shared by all instances: counted in Redis, told by Pub/Sub, obeyed from a local copy.

import { Problem } from "../problem.js";
import { answered, watched } from "./connection.js";
import { keyOf } from "./keys.js";

const STATE = `
local function describe(key)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local failures = tonumber(redis.call('HGET', key, 'failures') or '0')
  local openUntil = tonumber(redis.call('HGET', key, 'openUntil') or '0')
  return now, failures, openUntil
end
`;

const READ = `${STATE}
local now, failures, openUntil = describe(KEYS[1])
return { failures, openUntil > 0 and 1 or 0, math.max(openUntil - now, 0) }
`;

const FAIL = `${STATE}
local now, failures, openUntil = describe(KEYS[1])
local threshold, window, cooldown = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
if failures == 1 then redis.call('PEXPIRE', KEYS[1], window) end
if failures >= threshold and openUntil <= now then
  openUntil = now + cooldown
  redis.call('HSET', KEYS[1], 'openUntil', openUntil)
  redis.call('PEXPIRE', KEYS[1], cooldown + window)
  redis.call('PUBLISH', ARGV[4], cjson.encode({ name = ARGV[5], failures = failures, opened = 1, openMs = cooldown }))
end
return { failures, openUntil > 0 and 1 or 0, math.max(openUntil - now, 0) }
`;

const CLOSE = `
local existed = redis.call('DEL', KEYS[1])
if existed == 1 then
  redis.call('PUBLISH', ARGV[1], cjson.encode({ name = ARGV[2], failures = 0, opened = 0, openMs = 0 }))
end
return existed
`;

/**
 * @typedef {object} BreakerState
 * @property {string} name
 * @property {"closed" | "open" | "half-open"} state half-open: the cool-down is over, the next outcome decides
 * @property {number} failures
 * @property {number} openMs until half-open
 */

export class Breakers {
  /**
   * @param {import("ioredis").Redis} redis
   * @param {{ service: string, breakerThreshold: number, breakerWindowMs: number, breakerCooldownMs: number }} config
   * @param {import("../log.js").Log} log
   */
  constructor(redis, config, log) {
    redis.defineCommand("readBreaker", { numberOfKeys: 1, lua: READ });
    redis.defineCommand("failBreaker", { numberOfKeys: 1, lua: FAIL });
    redis.defineCommand("closeBreaker", { numberOfKeys: 1, lua: CLOSE });
    this.redis = /** @type {import("ioredis").Redis & Commands} */ (redis);
    this.config = config;
    this.channel = keyOf(config.service, "breaker", "changes");
    /** @type {Map<string, { state: BreakerState, at: number }>} what has been heard; empty after a gap in hearing */
    this.heard = new Map();
    this.subscriber = watched(redis.duplicate({ commandTimeout: undefined }), "breaker-changes", log);
  }

  /** Hear what the other instances find. */
  listen() {
    this.subscriber.on("message", (_channel, text) => {
      const { name, failures, opened, openMs } = JSON.parse(text);
      this.#remember(stateOf(name, failures, opened, openMs));
    });
    // Messages sent while the connection was away are lost, so nothing heard before counts any more.
    this.subscriber.on("ready", () => this.heard.clear());
    return answered(this.subscriber.subscribe(this.channel));
  }

  /** The shared truth. @param {string} name @returns {Promise<BreakerState>} */
  async read(name) {
    const [failures, opened, openMs] = await answered(this.redis.readBreaker(this.#key(name)));
    return stateOf(name, failures, opened, openMs);
  }

  /** This instance's own copy, as `guard` obeys it; null when nothing was heard yet. @param {string} name */
  copy(name) {
    const heard = this.heard.get(name);
    if (heard === undefined) return null;
    const openMs = Math.max(0, Math.round(heard.state.openMs - (performance.now() - heard.at)));
    return stateOf(name, heard.state.failures, heard.state.state === "closed" ? 0 : 1, openMs);
  }

  /** @param {string} name @returns {Promise<BreakerState>} */
  async fail(name) {
    const { breakerThreshold, breakerWindowMs, breakerCooldownMs } = this.config;
    const [failures, opened, openMs] = await answered(
      this.redis.failBreaker(this.#key(name), breakerThreshold, breakerWindowMs, breakerCooldownMs, this.channel, name),
    );
    return stateOf(name, failures, opened, openMs);
  }

  /** @param {string} name */
  async close(name) {
    await answered(this.redis.closeBreaker(this.#key(name), this.channel, name));
  }

  /**
   * Call a dependency unless its breaker is open, and count how it went.
   *
   * @template T
   * @param {string} name
   * @param {() => Promise<T>} call
   * @param {(error: unknown) => boolean} isOutage whether an error speaks against the dependency, not the request
   * @returns {Promise<T>}
   * @throws {Problem} 503 while open
   */
  async guard(name, call, isOutage) {
    const known = this.copy(name) ?? this.#remember(await this.read(name));
    if (known.state === "open") {
      const seconds = String(Math.ceil(known.openMs / 1000));
      throw new Problem(503, `${name} is failing; its breaker is open`, { headers: { "retry-after": seconds } });
    }
    try {
      const result = await call();
      if (known.state === "half-open") await this.close(name);
      return result;
    } catch (error) {
      if (isOutage(error)) await this.fail(name);
      throw error;
    }
  }

  /** @param {BreakerState} state */
  #remember(state) {
    this.heard.set(state.name, { state, at: performance.now() });
    return state;
  }

  /** @param {string} name */
  #key(name) {
    return keyOf(this.config.service, "breaker", name);
  }
}

/** @param {string} name @param {number} failures @param {number} opened @param {number} openMs @returns {BreakerState} */
function stateOf(name, failures, opened, openMs) {
  const state = opened === 0 ? "closed" : openMs > 0 ? "open" : "half-open";
  return { name, state, failures, openMs };
}

/**
 * @typedef {object} Commands
 * @property {(key: string) => Promise<[number, number, number]>} readBreaker
 * @property {(key: string, threshold: number, windowMs: number, cooldownMs: number, channel: string, name: string) =>
 *   Promise<[number, number, number]>} failBreaker
 * @property {(key: string, channel: string, name: string) => Promise<number>} closeBreaker
 */
