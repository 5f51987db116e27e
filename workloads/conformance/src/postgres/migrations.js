// The schema, brought up to date by whichever instance comes first.

import { sleep } from "../deadline.js";

/** Any number will do, as long as every instance uses the same. */
const LOCK = 7_206_813_455;

/** Never edit an entry that was released: append. */
const MIGRATIONS = [
  `CREATE TABLE conformance.records (
     service text NOT NULL,
     id uuid NOT NULL,
     data jsonb NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (service, id)
   );
   CREATE TABLE conformance.effects (
     scope text NOT NULL,
     key text NOT NULL,
     result jsonb NOT NULL,
     PRIMARY KEY (scope, key)
   );
   CREATE TABLE conformance.effect_log (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     scope text NOT NULL,
     key text NOT NULL,
     instance text NOT NULL,
     at timestamptz NOT NULL DEFAULT now()
   );
   CREATE INDEX effect_log_by_key ON conformance.effect_log (scope, key);`,
  `CREATE TABLE conformance.leases (name text PRIMARY KEY, token bigint NOT NULL, until timestamptz NOT NULL);
   CREATE TABLE conformance.fences (name text PRIMARY KEY, token bigint NOT NULL);`,
];

/**
 * @param {import("./pool.js").Database} writer
 * @param {string[]} [migrations]
 * @returns {Promise<number>} how many were applied by this call
 */
export async function migrate(writer, migrations = MIGRATIONS) {
  if ((await versionOf(writer)) >= migrations.length) return 0;
  return writer.transaction(async (client) => {
    await client.query("SELECT pg_advisory_xact_lock($1)", [LOCK]);
    await client.query("CREATE SCHEMA IF NOT EXISTS conformance");
    await client.query("CREATE TABLE IF NOT EXISTS conformance.schema_version (version int PRIMARY KEY)");
    const { rows } = await client.query("SELECT coalesce(max(version), 0) AS version FROM conformance.schema_version");
    const pending = migrations.slice(rows[0].version);
    for (const [index, sql] of pending.entries()) {
      await client.query(sql);
      await client.query("INSERT INTO conformance.schema_version VALUES ($1)", [rows[0].version + index + 1]);
    }
    return pending.length;
  });
}

/** Looked up without the lock, so that the many starts that find nothing to do don't queue. */
async function versionOf(/** @type {import("./pool.js").Database} */ writer) {
  const { rows } = await writer.query("SELECT to_regclass('conformance.schema_version') IS NOT NULL AS present");
  if (!rows[0].present) return 0;
  const found = await writer.query("SELECT coalesce(max(version), 0) AS version FROM conformance.schema_version");
  return Number(found.rows[0].version);
}

/**
 * The schema as a dependency of readiness: tried until it is there, in the background.
 */
export class Schema {
  /** @param {import("./pool.js").Database} writer @param {import("../log.js").Log} log */
  constructor(writer, log) {
    this.writer = writer;
    this.log = log;
    this.ready = false;
    this.stopped = false;
    this.fault = "not tried yet";
  }

  /** Resolves when the schema is up to date or `stop` was called. */
  async bringUpToDate() {
    while (!this.ready && !this.stopped) {
      try {
        const applied = await migrate(this.writer);
        this.ready = true;
        if (applied > 0) this.log.info("schema migrated", { applied });
      } catch (error) {
        const fault = error instanceof Error ? error.message || error.name : String(error);
        if (fault !== this.fault) this.log.warn("schema not yet up to date", { error: fault });
        this.fault = fault;
        await sleep(500);
      }
    }
  }

  /** Give up trying. */
  stop() {
    this.stopped = true;
  }

  /** @returns {Promise<import("../health.js").Finding>} */
  async probe() {
    return this.ready ? { status: "pass" } : { status: "fail", output: this.fault };
  }
}
