// Settings that change while the process runs: a file that is looked at again and again.

import { readFile } from "node:fs/promises";
import path from "node:path";

import { digest } from "./redis/keys.js";

/** A mounted folder is exchanged as a whole, behind a link: watching it misses that, reading it does not. */
const LOOK_EVERY_MS = 1000;
export const FILE = "settings.json";

/**
 * @typedef {object} Settings
 * @property {number} rateLimitRequests
 * @property {number} rateLimitWindowMs
 */

/** The latest settings that were right; what is wrong is logged once and changes nothing. */
export class LiveSettings {
  /** @param {string | null} folder none: nothing ever changes @param {Settings} initial @param {import("./log.js").Log} log */
  constructor(folder, initial, log) {
    this.current = initial;
    this.initial = initial;
    this.version = "initial";
    this.seen = "";
    this.fault = "";
    this.log = log;
    this.file = folder === null ? null : path.join(folder, FILE);
    this.timer = this.file === null ? null : setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  /** Read the file now. */
  async look() {
    if (this.file === null) return;
    try {
      const text = await readFile(this.file, "utf8");
      if (text === this.seen) return;
      this.seen = text;
      this.current = parse(text, this.initial);
      this.version = digest(text).slice(0, 12);
      this.log.info("settings changed", { version: this.version });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.fault) this.log.warn("settings not read", { error: message });
      this.fault = message;
    }
  }

  stop() {
    if (this.timer !== null) clearInterval(this.timer);
  }
}

/** @param {string} text @param {Settings} initial @returns {Settings} */
function parse(text, initial) {
  const told = JSON.parse(text);
  const known = { rateLimitRequests: initial.rateLimitRequests, rateLimitWindowSeconds: initial.rateLimitWindowMs / 1000 };
  for (const [name, value] of Object.entries(told)) {
    if (!(name in known)) throw new Error(`${name} is not known; known are ${Object.keys(known).join(", ")}`);
    if (!Number.isInteger(value) || value < 1 || value > 100_000) throw new Error(`${name} must be a whole number from 1 to 100000`);
  }
  const { rateLimitRequests, rateLimitWindowSeconds } = { ...known, ...told };
  return { rateLimitRequests, rateLimitWindowMs: 1000 * rateLimitWindowSeconds };
}
