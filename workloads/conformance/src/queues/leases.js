// One holder at a time, and a number that tells a holder who was replaced without noticing from the one who replaced it.

/**
 * @typedef {object} Fence
 * @property {string} name of the lease
 * @property {number} token grows with every holder; whoever stores anything refuses a smaller one than it has seen
 */

/**
 * @typedef {object} Leases
 * @property {(name: string, ttlMs: number) => Promise<Fence | null>} take null while another holds it
 * @property {(fence: Fence, ttlMs: number) => Promise<boolean>} renew false once another has it
 * @property {(fence: Fence) => Promise<void>} release nothing happens if another has it
 */

/** A holder that pauses for longer loses the lease; it finds out by its token. */
const TTL_MS = 15_000;

/**
 * Do the work while holding the lease.
 *
 * @template T
 * @param {Leases} leases
 * @param {string} name
 * @param {(fence: Fence) => Promise<T>} work
 * @param {number} [ttlMs]
 * @returns {Promise<T | null>} null if another holds it
 */
export async function holding(leases, name, work, ttlMs = TTL_MS) {
  const fence = await leases.take(name, ttlMs);
  if (fence === null) return null;
  // A failed renewal needs no action here: without it the lease ends, and the token tells.
  const beat = setInterval(() => void leases.renew(fence, ttlMs).catch(() => false), ttlMs / 3);
  try {
    return await work(fence);
  } finally {
    clearInterval(beat);
    // If this fails, the lease ends by itself.
    await leases.release(fence).catch(() => undefined);
  }
}

// The clock's floor keeps tokens growing though the server lost its data.
const TAKE = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local time = redis.call('TIME')
local token = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, time[1] * 1000 + math.floor(time[2] / 1000))
local text = string.format('%.0f', token)
redis.call('SET', KEYS[2], text)
redis.call('SET', KEYS[1], text, 'PX', ARGV[1])
return token
`;
const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;
const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`;

/** Kept beside the queues, in the Redis that never evicts. @implements {Leases} */
export class RedisLeases {
  /** @param {import("ioredis").Redis} redis @param {{ queuePrefix: string }} config */
  constructor(redis, { queuePrefix }) {
    redis.defineCommand("leaseTake", { numberOfKeys: 2, lua: TAKE });
    redis.defineCommand("leaseRenew", { numberOfKeys: 1, lua: RENEW });
    redis.defineCommand("leaseRelease", { numberOfKeys: 1, lua: RELEASE });
    this.redis = /** @type {import("ioredis").Redis & Commands} */ (redis);
    this.prefix = queuePrefix;
  }

  /** @param {string} name @param {number} ttlMs @returns {Promise<Fence | null>} */
  async take(name, ttlMs) {
    const token = await this.redis.leaseTake(this.#key(name), `${this.prefix}:fence:${name}`, ttlMs);
    return token === 0 ? null : { name, token };
  }

  /** @param {Fence} fence @param {number} ttlMs */
  async renew({ name, token }, ttlMs) {
    return (await this.redis.leaseRenew(this.#key(name), token, ttlMs)) === 1;
  }

  /** @param {Fence} fence */
  async release({ name, token }) {
    await this.redis.leaseRelease(this.#key(name), token);
  }

  /** @param {string} name */
  #key(name) {
    return `${this.prefix}:lease:${name}`;
  }
}

/**
 * @typedef {object} Commands
 * @property {(lease: string, fence: string, ttlMs: number) => Promise<number>} leaseTake
 * @property {(lease: string, token: number, ttlMs: number) => Promise<number>} leaseRenew
 * @property {(lease: string, token: number) => Promise<number>} leaseRelease
 */

/** As above, the clock's floor: a service may move from one store to the other. */
const CLOCK = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/** For a service without a queue Redis. Times are the server's, so that clocks need not agree. @implements {Leases} */
export class PostgresLeases {
  /** @param {import("../postgres/pool.js").Database} writer */
  constructor(writer) {
    this.writer = writer;
  }

  /** @param {string} name @param {number} ttlMs @returns {Promise<Fence | null>} */
  async take(name, ttlMs) {
    const { rows } = await this.writer.query(
      `INSERT INTO conformance.leases AS l (name, token, until) VALUES ($1, ${CLOCK}, now() + $2 * interval '1 ms')
       ON CONFLICT (name) DO UPDATE SET token = greatest(l.token + 1, excluded.token), until = excluded.until WHERE l.until < now()
       RETURNING token`,
      [name, ttlMs],
    );
    return rows.length === 0 ? null : { name, token: Number(rows[0].token) };
  }

  /** @param {Fence} fence @param {number} ttlMs */
  async renew({ name, token }, ttlMs) {
    const done = await this.writer.query(
      "UPDATE conformance.leases SET until = now() + $3 * interval '1 ms' WHERE name = $1 AND token = $2",
      [name, token, ttlMs],
    );
    return done.rowCount === 1;
  }

  /** @param {Fence} fence */
  async release({ name, token }) {
    await this.writer.query("UPDATE conformance.leases SET until = '-infinity' WHERE name = $1 AND token = $2", [name, token]);
  }
}
