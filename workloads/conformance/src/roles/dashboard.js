// The BullMQ dashboard, behind a password.

import { timingSafeEqual } from "node:crypto";

import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";

import { Health } from "../health.js";
import { createApp, listen, sendProblem } from "../http/app.js";
import { onTermination } from "../lifecycle.js";
import { Problem } from "../problem.js";
import { redisQueues } from "../queues/stores.js";
import { digest } from "../redis/keys.js";

const PATH = "/queues";

/** @param {import("../config.js").Config} config @param {import("../log.js").Log} log */
export async function startDashboard(config, log) {
  const store = redisQueues(/** @type {string} */ (config.queueRedisUrl), config, log);
  const queues = config.queues.map((name) => store.queue(name));
  const health = new Health(config, [store.check]);
  const app = createApp(config, health, log);

  const adapter = new FastifyAdapter();
  adapter.setBasePath(PATH);
  createBullBoard({ queues: queues.map((queue) => new BullMQAdapter(queue)), serverAdapter: adapter });
  // Two passwords are alive while one is exchanged for the other.
  const passwords = [config.dashboardPassword, config.dashboardPasswordPrevious].filter((password) => password !== null);
  const expected = passwords.map((password) => digest(`${config.dashboardUsername}:${password}`));
  app.register(async (guarded) => {
    guarded.addHook("onRequest", async (request, reply) => {
      if (matches(request.headers.authorization, expected)) return;
      const headers = { "www-authenticate": 'Basic realm="queues", charset="UTF-8"' };
      // Sent, not thrown: the dashboard's own error handler would make a 500 of it.
      return sendProblem(reply, request.id, new Problem(401, "the dashboard needs its user name and password", { headers }));
    });
    await guarded.register(adapter.registerPlugin(), { prefix: PATH });
  });

  onTermination(
    {
      drain: () => health.drain(),
      lameDuckMs: config.lameDuckMs,
      finish: () => app.close(),
      release: async () => {
        await Promise.all(queues.map((queue) => queue.close()));
        await store.close();
      },
      drainMs: config.drainMs,
    },
    log,
  );
  log.info("listening", { port: await listen(app, config.port), path: PATH });
}

/** Digests have one length, whatever was sent, so that the comparison takes one time. */
function matches(/** @type {string | undefined} */ header, /** @type {string[]} */ expected) {
  const sent = /^Basic\s+(\S+)$/i.exec(header ?? "")?.[1] ?? "";
  const credentials = Buffer.from(sent, "base64").toString("utf8");
  const given = Buffer.from(digest(credentials));
  return expected.map((one) => timingSafeEqual(given, Buffer.from(one))).includes(true);
}
