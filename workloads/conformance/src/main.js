// node src/main.js api|worker|dashboard

import { ConfigError, readConfig } from "./config.js";
import { createLog } from "./log.js";

/** Only the chosen role's modules are loaded: a worker needs no web framework. */
const START = {
  api: async () => (await import("./roles/api.js")).startApi,
  worker: async () => (await import("./roles/worker.js")).startWorker,
  dashboard: async () => (await import("./roles/dashboard.js")).startDashboard,
};

async function main() {
  const config = readConfig(process.argv[2], process.env);
  const log = createLog(config);
  process.on("unhandledRejection", (error) => {
    log.error("unhandled rejection", { error });
    process.exit(1);
  });
  process.on("uncaughtException", (error) => {
    log.error("uncaught exception", { error });
    process.exit(1);
  });
  const start = await START[config.role]();
  await start(config, log);
}

main().catch((error) => {
  if (error instanceof ConfigError) {
    process.stderr.write(error.problems.map((problem) => `configuration: ${problem}\n`).join(""));
    process.exit(78); // EX_CONFIG of sysexits.h
  }
  const code = error instanceof Error && "code" in error ? ` (${error.code})` : "";
  process.stderr.write(`start failed: ${error instanceof Error ? error.message : error}${code}\n`);
  process.exit(1);
});
