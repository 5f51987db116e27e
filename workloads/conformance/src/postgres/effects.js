// Effects that happen once, however often they are tried: the marker and the effect commit together.

import { StaleHolderError } from "./errors.js";

/**
 * @typedef {object} Effects
 * @property {(scope: string, key: string, result: unknown, fence?: import("../queues/leases.js").Fence) => Promise<Effect>} once
 */

/**
 * @typedef {object} Effect
 * @property {unknown} result what the first try returned
 * @property {number} count how often the effect really happened; anything but 1 is a fault
 * @property {boolean} first whether this very call made it happen
 */

export class PostgresEffects {
  /** @param {import("./pool.js").Database} writer @param {{ instance: string }} config */
  constructor(writer, config) {
    this.writer = writer;
    this.instance = config.instance;
  }

  /**
   * @param {string} scope
   * @param {string} key
   * @param {unknown} result kept and returned to every later try
   * @param {import("../queues/leases.js").Fence} [fence] of the lease that the caller believes to hold
   * @returns {Promise<Effect>}
   * @throws {StaleHolderError} somebody has held the lease after the caller
   */
  async once(scope, key, result, fence) {
    return this.writer.transaction(async (client) => {
      if (fence) await pass(client, fence);
      const marked = await client.query(
        "INSERT INTO conformance.effects (scope, key, result) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [scope, key, JSON.stringify(result)],
      );
      const first = marked.rowCount === 1;
      if (first) {
        await client.query("INSERT INTO conformance.effect_log (scope, key, instance) VALUES ($1, $2, $3)", [scope, key, this.instance]);
      }
      const { rows } = await client.query(SELECT, [scope, key]);
      return { ...effectOf(rows[0]), first };
    });
  }

  /** @param {string} scope @param {string} key @returns {Promise<Omit<Effect, "first"> | null>} */
  async read(scope, key) {
    const { rows } = await this.writer.transaction((client) => client.query(SELECT, [scope, key]));
    return rows.length === 0 ? null : effectOf(rows[0]);
  }
}

/** In the effect's own transaction, so that nobody can come in between. @param {import("./pool.js").Client} client @param {import("../queues/leases.js").Fence} fence */
async function pass(client, { name, token }) {
  const { rowCount } = await client.query(
    `INSERT INTO conformance.fences AS f (name, token) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET token = excluded.token WHERE f.token <= excluded.token`,
    [name, token],
  );
  if (rowCount === 0) throw new StaleHolderError(name);
}

const SELECT = `
  SELECT result, (SELECT count(*)::int FROM conformance.effect_log l WHERE l.scope = e.scope AND l.key = e.key) AS count
  FROM conformance.effects e WHERE scope = $1 AND key = $2`;

/** @param {{ result: unknown, count: number }} row */
function effectOf({ result, count }) {
  return { result, count };
}
