// Reads go to a replica that is there and close enough behind; otherwise to the primary.

import { isTransient } from "./errors.js";

/** A measurement serves for so long. */
const MEASURED_FOR_MS = 1000;
/** A replica that failed is left alone for so long. */
const AWAY_FOR_MS = 2000;
/** Known positions of the primary; one a second, so about two minutes. */
const SAMPLES = 120;

/** @typedef {{ at: number, lsn: bigint }} Sample where the primary was, and when */

/**
 * How far behind a replica is, at most.
 *
 * Positions are compared, not timestamps alone: on an idle primary "time since the last replayed transaction" grows
 * without any lag. A replica that has replayed position P lacks nothing that was written before the primary was at P.
 *
 * @param {bigint} replayed the replica's position
 * @param {Sample[]} samples the primary's positions, oldest first; the last one is from now
 * @param {number} sinceTransactionMs since the last transaction that the replica has replayed was committed
 * @returns {number} milliseconds; 0 when caught up
 */
export function lagOf(replayed, samples, sinceTransactionMs) {
  const latest = samples.at(-1);
  if (latest === undefined) return sinceTransactionMs;
  if (replayed >= latest.lsn) return 0;
  const passed = samples.findLast((sample) => sample.lsn <= replayed);
  return Math.min(passed === undefined ? Infinity : latest.at - passed.at, sinceTransactionMs);
}

/** Text form of a log position ("16/B374D848") as a number. @param {string} text @returns {bigint} */
export function parseLsn(text) {
  const [high, low] = text.split("/");
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** One replica and what is known of it. */
class Replica {
  /** @param {import("./pool.js").Database} database @param {string} name */
  constructor(database, name) {
    this.database = database;
    this.name = name;
    this.lagMs = Infinity;
    this.awayUntil = -Infinity;
    this.fault = "";
  }

  /** @param {unknown} fault */
  failed(fault) {
    this.awayUntil = performance.now() + AWAY_FOR_MS;
    this.fault = fault instanceof Error ? fault.message || fault.name : String(fault);
  }
}

export class ReadRouter {
  /**
   * @param {import("./pool.js").Database} writer
   * @param {import("./pool.js").Database[]} readers
   * @param {{ maxLagMs: number, log: import("../log.js").Log }} options
   */
  constructor(writer, readers, { maxLagMs, log }) {
    this.writer = writer;
    this.replicas = readers.map((database, index) => new Replica(database, `replica-${index}`));
    this.maxLagMs = maxLagMs;
    this.log = log;
    /** @type {Sample[]} */
    this.samples = [];
    this.measuredAt = -Infinity;
    /** @type {Promise<void> | null} */
    this.measuring = null;
    this.turn = 0;
  }

  /**
   * Run a read. What a replica lacks is asked of the primary before it counts as missing.
   *
   * @param {string} sql
   * @param {unknown[]} values
   * @returns {Promise<{ rows: any[], from: "replica" | "primary", lagMs: number | null }>}
   */
  async read(sql, values) {
    await this.#measured();
    for (const replica of this.#usable()) {
      try {
        const { rows } = await replica.database.query(sql, values);
        if (rows.length > 0) return { rows, from: "replica", lagMs: replica.lagMs };
        break;
      } catch (error) {
        if (!isTransient(error)) throw error;
        replica.failed(error);
      }
    }
    const { rows } = await this.writer.transaction((client) => client.query(sql, values));
    return { rows, from: "primary", lagMs: null };
  }

  /** Replicas never decide on readiness, since the primary stands in; they are told. @returns {Promise<import("../health.js").Finding>} */
  async probe() {
    await this.#measured();
    const usable = this.#usable().length;
    if (usable === this.replicas.length) return { status: "pass" };
    const faults = this.replicas.map((replica) => `${replica.name}: ${replica.fault || `${replica.lagMs} ms behind`}`);
    return { status: "warn", output: `${usable} of ${this.replicas.length} usable; ${faults.join("; ")}` };
  }

  /** In turn, beginning with another one each time. */
  #usable() {
    const now = performance.now();
    const usable = this.replicas.filter((replica) => now >= replica.awayUntil && replica.lagMs <= this.maxLagMs);
    this.turn += 1;
    return usable.map((_replica, index) => usable[(index + this.turn) % usable.length]);
  }

  /** One measurement at a time; the first is waited for, later ones are not. */
  async #measured() {
    if (this.replicas.length === 0 || performance.now() - this.measuredAt < MEASURED_FOR_MS) return;
    this.measuring ??= this.#measure().finally(() => {
      this.measuring = null;
      this.measuredAt = performance.now();
    });
    if (this.measuredAt === -Infinity) await this.measuring;
  }

  async #measure() {
    await this.#samplePrimary();
    await Promise.all(this.replicas.map((replica) => this.#measureReplica(replica)));
  }

  async #samplePrimary() {
    try {
      const { rows } = await this.writer.query("SELECT pg_current_wal_lsn()::text AS lsn");
      this.samples.push({ at: performance.now(), lsn: parseLsn(rows[0].lsn) });
      if (this.samples.length > SAMPLES) this.samples.shift();
    } catch (error) {
      // Without the primary's position the replicas' own word has to do, and reads go on.
      this.samples = [];
      this.log.debug("primary's position unknown", { error: String(error) });
    }
  }

  /** @param {Replica} replica */
  async #measureReplica(replica) {
    if (performance.now() < replica.awayUntil) return;
    try {
      const { rows } = await replica.database.query(
        `SELECT pg_is_in_recovery() AS replica, pg_last_wal_replay_lsn()::text AS lsn,
                extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 AS since_ms`,
      );
      // A promoted replica goes its own way: whatever it holds is no longer this database.
      if (!rows[0].replica) throw new Error("is not a replica (promoted?)");
      const since = rows[0].since_ms === null ? Infinity : Number(rows[0].since_ms);
      replica.lagMs = Math.round(lagOf(parseLsn(rows[0].lsn), this.samples, since));
      replica.fault = "";
    } catch (error) {
      replica.lagMs = Infinity;
      replica.failed(error);
    }
  }
}
