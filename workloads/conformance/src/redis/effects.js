// The same promise as PostgresEffects for a service without a database; kept on the Redis that never evicts.

import { StaleHolderError } from "../postgres/errors.js";

/** The fence's key and token come last; without a fence there is none. */
const ONCE = `
if KEYS[2] then
  if tonumber(ARGV[3]) < tonumber(redis.call('GET', KEYS[2]) or '0') then return { -1, '', '' } end
  redis.call('SET', KEYS[2], ARGV[3])
end
local first = redis.call('HSETNX', KEYS[1], 'result', ARGV[1])
if first == 1 then
  redis.call('HINCRBY', KEYS[1], 'count', 1)
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return { first, redis.call('HGET', KEYS[1], 'result'), redis.call('HGET', KEYS[1], 'count') }
`;

/** Longer than BullMQ keeps a failed job that somebody may retry. */
const KEPT_MS = 14 * 24 * 3600 * 1000;

export class RedisEffects {
  /** @param {import("ioredis").Redis} redis @param {{ queuePrefix: string }} config */
  constructor(redis, config) {
    redis.defineCommand("effectOnce", { lua: ONCE });
    this.redis = /** @type {import("ioredis").Redis & { effectOnce: Once }} */ (redis);
    this.prefix = config.queuePrefix;
  }

  /**
   * @param {string} scope
   * @param {string} key
   * @param {unknown} result
   * @param {import("../queues/leases.js").Fence} [fence]
   * @returns {Promise<import("../postgres/effects.js").Effect>}
   * @throws {StaleHolderError} somebody has held the lease after the caller
   */
  async once(scope, key, result, fence) {
    const keys = [this.#key(scope, key), ...(fence ? [`${this.prefix}:fenced:${fence.name}`] : [])];
    const values = [JSON.stringify(result), KEPT_MS, ...(fence ? [fence.token] : [])];
    const [first, kept, count] = await this.redis.effectOnce(keys.length, ...keys, ...values);
    if (first === -1) throw new StaleHolderError(fence?.name ?? "");
    return { result: JSON.parse(kept), count: Number(count), first: first === 1 };
  }

  /** @param {string} scope @param {string} key */
  async read(scope, key) {
    const [kept, count] = await this.redis.hmget(this.#key(scope, key), "result", "count");
    return kept === null ? null : { result: JSON.parse(kept), count: Number(count) };
  }

  /** @param {string} scope @param {string} key */
  #key(scope, key) {
    return `${this.prefix}:effect:${scope}:${key}`;
  }
}

/** @typedef {(...keysAndValues: (string | number)[]) => Promise<[number, string, string]>} Once */
