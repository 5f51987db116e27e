// Connections to Redis that survive a failover.

import { Redis } from "ioredis";

import { unavailable } from "../problem.js";

/**
 * What a demoted, loading or orphaned server says. The address leads to another server after a failover, so the cure
 * is a new connection, and the command is sent again on it.
 */
const WRONG_SERVER = /^(READONLY|LOADING|MASTERDOWN|UNBLOCKED)\b/;

/** How long a command may wait for a server, a failover included. */
const COMMAND_TIMEOUT_MS = 8000;
/** Above BullMQ's longest blocking read (10 s), below anybody's patience. */
const BLOCKING_SILENCE_MS = 15_000;

/** @returns {import("ioredis").RedisOptions} */
function shared() {
  return {
    connectTimeout: 3000,
    keepAlive: 5000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
    reconnectOnError: (error) => (WRONG_SERVER.test(error.message) ? 2 : false),
  };
}

/**
 * For short commands: sessions, limits, breakers.
 *
 * @param {string} url redis:// or, with TLS, rediss://
 * @param {string} name shown by CLIENT LIST
 * @param {import("../log.js").Log} log
 */
export function connect(url, name, log) {
  const options = { connectionName: name, maxRetriesPerRequest: null, commandTimeout: COMMAND_TIMEOUT_MS, socketTimeout: 5000 };
  return watched(new Redis(url, { ...shared(), ...options }), name, log);
}

/**
 * For BullMQ, which blocks on reads and retries by itself: no limit on a command's time or number of tries.
 *
 * @param {string} url
 * @param {string} name
 * @param {import("../log.js").Log} log
 */
export function connectForQueues(url, name, log) {
  const options = { connectionName: name, maxRetriesPerRequest: null, socketTimeout: BLOCKING_SILENCE_MS };
  return watched(new Redis(url, { ...shared(), ...options }), name, log);
}

/**
 * Log the loss and the return of a connection once each, not every attempt.
 *
 * @param {Redis} redis
 * @param {string} name
 * @param {import("../log.js").Log} log
 */
export function watched(redis, name, log) {
  let lost = false;
  redis.on("error", (error) => {
    if (!lost) log.warn("redis connection lost", { connection: name, error: String(error) });
    lost = true;
  });
  redis.on("ready", () => {
    if (lost) log.info("redis connection restored", { connection: name });
    lost = false;
  });
  return redis;
}

/**
 * Turn a driver's error into "try again"; scripts' and callers' own errors pass.
 *
 * @template T
 * @param {Promise<T>} command
 * @returns {Promise<T>}
 */
export async function answered(command) {
  try {
    return await command;
  } catch (error) {
    if (error instanceof Error && error.name === "ReplyError" && !WRONG_SERVER.test(error.message)) throw error;
    throw unavailable("Redis", error);
  }
}

/**
 * Readiness: the server answers, and for queues, it never evicts.
 *
 * @param {Redis} redis
 * @returns {Promise<import("../health.js").Finding>}
 */
export async function probeRedis(redis) {
  // A command for a server that is away would wait in the client: say so at once instead.
  if (redis.status !== "ready") return { status: "fail", output: `connection is ${redis.status}` };
  await redis.ping();
  return { status: "pass" };
}

/**
 * BullMQ loses jobs on a server that evicts. INFO is asked because managed Redis forbids CONFIG.
 *
 * @param {Redis} redis
 * @returns {Promise<import("../health.js").Finding>}
 */
export async function probeQueueRedis(redis) {
  if (redis.status !== "ready") return { status: "fail", output: `connection is ${redis.status}` };
  const info = await redis.info("memory");
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? "unknown";
  if (policy === "noeviction") return { status: "pass" };
  return { status: "warn", output: `maxmemory-policy is ${policy}: jobs can be evicted; set noeviction` };
}

/**
 * Close politely if connected, at once if not.
 *
 * @param {Redis[]} connections
 */
export async function closeAll(connections) {
  await Promise.all(
    connections.map(async (redis) => {
      if (redis.status === "ready") await redis.quit();
      else redis.disconnect();
    }),
  );
}
