// Errors as application/problem+json (RFC 9457).

export const PROBLEM_TYPE = "application/problem+json";

/** An error whose text is meant for the client. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} detail what is wrong with this very request, and what would be right
   * @param {{ headers?: Record<string, string>, extra?: Record<string, unknown>, cause?: unknown }} [more]
   */
  constructor(status, detail, { headers = {}, extra = {}, cause } = {}) {
    super(detail, { cause });
    this.name = "Problem";
    this.status = status;
    this.headers = headers;
    this.extra = extra;
  }
}

const TITLES = /** @type {Record<number, string>} */ ({
  400: "Bad request",
  401: "Authentication needed",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Content too large",
  415: "Unsupported media type",
  422: "Unprocessable content",
  429: "Too many requests",
  500: "Internal error",
  503: "Temporarily unavailable",
});

/**
 * @param {number} status
 * @param {string} detail
 * @param {string} requestId
 * @param {Record<string, unknown>} [extra]
 */
export function problemBody(status, detail, requestId, extra = {}) {
  return { type: "about:blank", title: TITLES[status] ?? "Error", status, detail, requestId, ...extra };
}

/**
 * A dependency did not answer in time or at all: the client may try again.
 *
 * @param {string} dependency
 * @param {unknown} cause
 */
export function unavailable(dependency, cause) {
  return new Problem(503, `${dependency} is not available; try again`, { headers: { "retry-after": "1" }, cause });
}
