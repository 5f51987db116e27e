// One small pool a server; writes are tried again until a failover is over.

import pg from "pg";

import { sleep } from "../deadline.js";
import { unavailable } from "../problem.js";
import { isTransient } from "./errors.js";

/** Longer than a managed failover's usual switch of a connection, shorter than a client's patience. */
const RETRY_FOR_MS = 8000;
const CONNECT_TIMEOUT_MS = 2000;
const STATEMENT_TIMEOUT_MS = 5000;

/** @typedef {import("pg").PoolClient} Client */

export class Database {
  /**
   * @param {string} url
   * @param {{ name: string, size: number, log: import("../log.js").Log }} options `name` is told to the server
   */
  constructor(url, { name, size, log }) {
    this.pool = new pg.Pool({
      connectionString: url,
      max: size,
      application_name: name,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: 30_000,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      // The client's own limit: the server's does not end a wait for a server that has vanished.
      query_timeout: STATEMENT_TIMEOUT_MS + 1000,
      keepAlive: true,
    });
    // Without a listener the loss of an idle connection would end the process.
    this.pool.on("error", (error) => log.warn("idle database connection lost", { database: name, error: String(error) }));
    this.answeredAt = -Infinity;
  }

  /** One statement, one try. @param {string} sql @param {unknown[]} [values] */
  query(sql, values = []) {
    return this.#use((client) => client.query(sql, values));
  }

  /**
   * All or nothing, tried again on a new connection while the server is away or read-only.
   *
   * A commit whose answer was lost is carried out again: `work` must bear that.
   *
   * @template T
   * @param {(client: Client) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async transaction(work) {
    const deadline = performance.now() + RETRY_FOR_MS;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#use((client) => inTransaction(client, work));
      } catch (error) {
        if (!isTransient(error)) throw error;
        const pause = Math.min(50 * 2 ** attempt, 500) * (0.5 + Math.random());
        if (performance.now() + pause > deadline) throw unavailable("the database", error);
        await sleep(pause);
      }
    }
  }

  /** Readiness of a writer. @returns {Promise<import("../health.js").Finding>} */
  async probeWriter() {
    // Under load the pool is busy, which is no fault: answers to others prove the same.
    if (performance.now() - this.answeredAt < 1000) return { status: "pass" };
    const { rows } = await this.query("SELECT pg_is_in_recovery() AS replica");
    if (rows[0].replica) return { status: "fail", output: "the writer's address leads to a read-only replica" };
    return { status: "pass" };
  }

  /** Waits for queries under way. */
  close() {
    return this.pool.end();
  }

  /**
   * @template T
   * @param {(client: Client) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #use(work) {
    const client = await this.pool.connect();
    /** @type {unknown} */
    let fault;
    try {
      const result = await work(client);
      this.answeredAt = performance.now();
      return result;
    } catch (error) {
      fault = error;
      throw error;
    } finally {
      // A connection to a demoted or dying server must not be handed out again.
      client.release(fault !== undefined && isTransient(fault));
    }
  }
}

/**
 * @template T
 * @param {Client} client
 * @param {(client: Client) => Promise<T>} work
 */
async function inTransaction(client, work) {
  await client.query("BEGIN");
  try {
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    // On a lost connection there is nothing to roll back, and the error that matters is the first.
    if (!isTransient(error)) await client.query("ROLLBACK");
    throw error;
  }
}
