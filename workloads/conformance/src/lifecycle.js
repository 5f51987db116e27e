// From SIGTERM to exit: stop being ready, let go of clients, finish what was begun, close, leave.

import { sleep } from "./deadline.js";

/**
 * @typedef {object} Stages
 * @property {() => void} drain at once: readiness turns 503, connections are asked to close
 * @property {number} lameDuckMs how long new connections are still accepted after that
 * @property {() => Promise<void>} finish stop accepting and wait for what is under way
 * @property {() => Promise<void>} release close connections to dependencies
 * @property {number} drainMs limit for all of it
 */

/**
 * Run the stages once, on the first SIGTERM or SIGINT, and exit with 0.
 *
 * Work still under way at the limit is given up: jobs go back to their queue by their lock, requests are cut.
 *
 * @param {Stages} stages
 * @param {import("./log.js").Log} log
 */
export function onTermination(stages, log) {
  let begun = false;
  const begin = () => {
    if (begun) return;
    begun = true;
    log.info("shutting down", { drainMs: stages.drainMs });
    stages.drain();
    const limit = setTimeout(() => {
      log.warn("gave up what was still under way", { drainMs: stages.drainMs });
      process.exit(0);
    }, stages.drainMs);
    leave(stages)
      .then(() => log.info("stopped"))
      .catch((error) => log.error("shutdown was not clean", { error }))
      .finally(() => {
        clearTimeout(limit);
        process.exit(0);
      });
  };
  process.on("SIGTERM", begin);
  process.on("SIGINT", begin);
}

/** @param {Stages} stages */
async function leave(stages) {
  await sleep(stages.lameDuckMs);
  await stages.finish();
  await stages.release();
}
