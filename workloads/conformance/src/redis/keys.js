// Names of everything that is shared by a service's instances.

import { createHash } from "node:crypto";

/**
 * @param {string} service
 * @param {string} kind session, limit, idempotency, breaker, upload
 * @param {string} id
 */
export function keyOf(service, kind, id) {
  return `${service}:${kind}:${id}`;
}

/** Text of any length and alphabet, from a client, as part of a key. @param {string} text */
export function digest(text) {
  return createHash("sha256").update(text).digest("hex");
}
