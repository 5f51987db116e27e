// Effects that happen once, however often they are tried: the marker and the effect commit together.

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
   * @returns {Promise<Effect>}
   */
  async once(scope, key, result) {
    return this.writer.transaction(async (client) => {
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

const SELECT = `
  SELECT result, (SELECT count(*)::int FROM conformance.effect_log l WHERE l.scope = e.scope AND l.key = e.key) AS count
  FROM conformance.effects e WHERE scope = $1 AND key = $2`;

/** @param {{ result: unknown, count: number }} row */
function effectOf({ result, count }) {
  return { result, count };
}
