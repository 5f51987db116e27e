// Redis, PostgreSQL with a streaming replica, and S3.

import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

import pg from "pg";

import { Server, folder, freePort, run, until } from "./processes.js";

/** @typedef {import("./processes.js").Cleanup} Cleanup */

/**
 * @param {Cleanup} cleanup
 * @param {{ policy?: string, tls?: Certificates, user?: string }} [options] `policy`: what to do when memory is full;
 *   `user`: who logs in, with everyday rights and nobody beside; without one, whoever has the token
 */
export async function startRedis(cleanup, { policy = "noeviction", tls, user } = {}) {
  const cwd = folder(cleanup);
  const port = await freePort();
  const plain = { bind: "127.0.0.1", port: tls ? 0 : port, dir: cwd, appendonly: "yes", save: "", "maxmemory-policy": policy };
  const secure = tls ? { "tls-port": port, "tls-cert-file": tls.certificate, "tls-key-file": tls.key, "tls-auth-clients": "no" } : {};
  const settings = Object.entries({ ...plain, ...secure }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const everyday = ["on", ">s3cret-token", "~*", "&*", "+@all", "-@dangerous", "+info", "+client|list"];
  const login = user ? ["--user", user, ...everyday, "--user", "default", "off"] : ["--requirepass", "s3cret-token"];
  const server = await new Server(["redis-server", ...settings, ...login], { cwd, port, cleanup }).start();
  return { server, url: `${tls ? "rediss" : "redis"}://${user ?? ""}:s3cret-token@127.0.0.1:${port}` };
}

/** @param {Cleanup} cleanup @param {{ tls?: Certificates }} [options] */
export async function startPostgres(cleanup, { tls } = {}) {
  const cwd = folder(cleanup);
  const data = path.join(cwd, "data");
  await run([postgresTool("initdb"), "-D", data, "-U", "groundwork", "-A", "trust", "--no-sync", "--no-instructions"], cwd);
  return launch(cwd, data, cleanup, tls ? { ssl: "on", ssl_cert_file: tls.certificate, ssl_key_file: tls.key } : {});
}

/** @typedef {{ authority: string, certificate: string, key: string }} Certificates paths of PEM files */

/** An authority and a server's certificate for 127.0.0.1, by address, as the local platform's are. @param {Cleanup} cleanup @returns {Promise<Certificates>} */
export async function makeCertificates(cleanup) {
  const cwd = folder(cleanup);
  const at = (/** @type {string} */ name) => path.join(cwd, name);
  const request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await run([...request, "-subj", "/CN=test authority", "-keyout", at("ca.key"), "-out", at("ca.pem")], cwd);
  const signed = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-addext", "subjectAltName=IP:127.0.0.1"];
  const leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
  await run([...request, ...signed, ...leaf, "-subj", "/CN=server", "-keyout", at("server.key"), "-out", at("server.pem")], cwd);
  return { authority: at("ca.pem"), certificate: at("server.pem"), key: at("server.key") };
}

/** A streaming replica. @param {{ port: number }} primary @param {Cleanup} cleanup */
export async function startReplica(primary, cleanup) {
  const cwd = folder(cleanup);
  const data = path.join(cwd, "data");
  const from = ["-h", "127.0.0.1", "-p", String(primary.port), "-U", "groundwork"];
  await run([postgresTool("pg_basebackup"), "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync", ...from], cwd);
  return launch(cwd, data, cleanup);
}

/** @param {string} cwd @param {string} data @param {Cleanup} cleanup @param {Record<string, string>} [more] settings */
async function launch(cwd, data, cleanup, more = {}) {
  const port = await freePort();
  const settings = { listen_addresses: "127.0.0.1", unix_socket_directories: cwd, fsync: "off", port, ...more };
  const argv = [postgresTool("postgres"), "-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const server = await new Server(argv, { cwd, port, cleanup }).start();
  const url = `postgres://groundwork@127.0.0.1:${port}/postgres`;
  await until(() => sql(url, "SELECT 1"), "PostgreSQL to answer");
  return { server, port, url };
}

/** @param {string} url @param {string} text */
export async function sql(url, text) {
  const client = new pg.Client({ connectionString: url });
  // A server that is stopped ends the connection: nothing to report beside the query's own error.
  client.on("error", (error) => void error);
  await client.connect();
  try {
    const { rows } = await client.query(text);
    return rows;
  } finally {
    await client.end();
  }
}

/** S3 and STS by moto. @param {Cleanup} cleanup @param {string} bucket */
export async function startS3(cleanup, bucket) {
  const cwd = folder(cleanup);
  const port = await freePort();
  const server = await new Server([motoServer(), "-H", "127.0.0.1", "-p", String(port)], { cwd, port, cleanup }).start();
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${url}/${bucket}`, { method: "PUT" })).ok, "the bucket to be made");
  return { server, url };
}

/** @param {string} name */
function postgresTool(name) {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => path.join(root, version, "bin", name)).find(existsSync) ?? name;
}

function motoServer() {
  const own = path.resolve(import.meta.dirname, "../../../../.venv/bin/moto_server");
  return process.env.MOTO_SERVER ?? (existsSync(own) ? own : "moto_server");
}
