// Which errors of PostgreSQL pass when the same thing is tried again on a new connection.

const CODES = new Set([
  "57P01", "57P02", "57P03", // the server shuts down, crashed, or starts
  "25006", // read-only: a demoted writer
  "53300", // too many connections
  "40001", "40P01", // serialization failure, deadlock
  "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EPIPE", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN",
]);
const TEXTS = /connection terminated|timeout exceeded when trying to connect|query read timeout|client has encountered a connection error/i;

/** @param {unknown} error @returns {boolean} */
export function isTransient(error) {
  if (error instanceof AggregateError) return error.errors.some(isTransient);
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return CODES.has(code) || code.startsWith("08") || TEXTS.test(error.message);
}

/** The caller held a lease that has gone to another, and must not change anything. */
export class StaleHolderError extends Error {
  /** @param {string} lease */
  constructor(lease) {
    super(`the lease ${lease} has gone to another holder`);
    this.name = "StaleHolderError";
  }
}
