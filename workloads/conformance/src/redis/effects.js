// The same promise as PostgresEffects for a service without a database; kept on the Redis that never evicts.

const ONCE = `
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
    redis.defineCommand("effectOnce", { numberOfKeys: 1, lua: ONCE });
    this.redis = /** @type {import("ioredis").Redis & { effectOnce: Once }} */ (redis);
    this.prefix = config.queuePrefix;
  }

  /** @param {string} scope @param {string} key @param {unknown} result @returns {Promise<import("../postgres/effects.js").Effect>} */
  async once(scope, key, result) {
    const [first, kept, count] = await this.redis.effectOnce(this.#key(scope, key), JSON.stringify(result), KEPT_MS);
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

/** @typedef {(key: string, result: string, ttlMs: number) => Promise<[number, string, string]>} Once */
