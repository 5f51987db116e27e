// Time limits for promises that have none.

/** A promise was not settled in time. */
export class DeadlineError extends Error {
  /** @param {string} what @param {number} ms */
  constructor(what, ms) {
    super(`${what} took longer than ${ms} ms`);
    this.name = "DeadlineError";
    this.code = "DEADLINE";
  }
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} ms
 * @param {string} what named in the error
 * @returns {Promise<T>}
 * @throws {DeadlineError} after `ms` milliseconds
 */
export async function within(promise, ms, what) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const limit = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(what, ms)), ms);
  });
  try {
    return /** @type {T} */ (await Promise.race([promise, limit]));
  } finally {
    clearTimeout(timer);
  }
}

/** @param {number} ms @returns {Promise<void>} */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
