// Who answers and which request it is, told in every response of every role.

import { randomUUID } from "node:crypto";

export const INSTANCE_HEADER = "x-instance-id";
export const REQUEST_HEADER = "x-request-id";

/**
 * The caller's request ID if it is harmless to log and to send back, else a new one.
 *
 * @param {import("node:http").IncomingMessage} request
 */
export function requestIdOf(request) {
  const given = request.headers[REQUEST_HEADER];
  return typeof given === "string" && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}
