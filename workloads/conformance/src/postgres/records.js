// Records: written to the primary, read from a replica.

import { randomUUID } from "node:crypto";

/** @typedef {{ id: string, data: unknown, createdAt: string }} Row */

export class Records {
  /**
   * @param {import("./pool.js").Database} writer
   * @param {import("./replicas.js").ReadRouter} reads
   * @param {{ service: string }} config
   */
  constructor(writer, reads, config) {
    this.writer = writer;
    this.reads = reads;
    this.service = config.service;
  }

  /**
   * Keep a record; the same id again returns the record that is there, so that a client may repeat the request.
   *
   * @param {unknown} data
   * @param {string} [id] UUID chosen by the client
   * @returns {Promise<Row>}
   */
  async create(data, id = randomUUID()) {
    return this.writer.transaction(async (client) => {
      const values = [this.service, id, JSON.stringify(data)];
      await client.query("INSERT INTO conformance.records (service, id, data) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", values);
      const { rows } = await client.query(SELECT, [this.service, id]);
      return rows[0];
    });
  }

  /** @param {string} id */
  async read(id) {
    const { rows, from, lagMs } = await this.reads.read(SELECT, [this.service, id]);
    return { record: /** @type {Row | undefined} */ (rows[0]), from, lagMs };
  }
}

const SELECT = 'SELECT id, data, created_at AS "createdAt" FROM conformance.records WHERE service = $1 AND id = $2';
