// Server-sent events: responses that last, and let go of their clients when the instance leaves.

import { Problem } from "../problem.js";

/** Below the idle time-outs of the usual load balancers. */
const HEARTBEAT_MS = 15_000;
/** How long a client waits before it connects again, to another instance. */
const RETRY_MS = 1000;
const STREAMS_AT_ONCE = 1000;

/** The path that streams are asked for at. */
export const STREAMS = "/events";

export class Streams {
  /** @param {{ instance: string, streamMs: number }} config */
  constructor({ instance, streamMs }) {
    this.instance = instance;
    this.streamMs = streamMs;
    this.leaving = false;
    /** @type {Set<import("node:http").ServerResponse>} */
    this.open = new Set();
  }

  /** @param {import("fastify").FastifyInstance} app */
  routes(app) {
    app.get(STREAMS, async (request, reply) => {
      if (this.leaving || this.open.size >= STREAMS_AT_ONCE) {
        throw new Problem(503, "no more streams here; try again", { headers: { "retry-after": "1" } });
      }
      const headers = { ...reply.getHeaders(), "content-type": "text/event-stream", "cache-control": "no-store" };
      reply.hijack();
      this.#begin(reply.raw, headers, request.id);
    });
  }

  /** Every client is asked to connect again, at a moment of its own, so that the other instances get them one by one. */
  drain() {
    this.leaving = true;
    for (const response of this.open) {
      setTimeout(() => response.end(`event: reconnect\nretry: ${RETRY_MS}\ndata: {}\n\n`), Math.random() * this.streamMs);
    }
  }

  /** @param {import("node:http").ServerResponse} response @param {Record<string, any>} headers @param {string} requestId */
  #begin(response, headers, requestId) {
    response.writeHead(200, headers);
    response.write(`retry: ${RETRY_MS}\nevent: hello\ndata: ${JSON.stringify({ instance: this.instance, requestId })}\n\n`);
    const beat = setInterval(() => response.write(": still here\n\n"), HEARTBEAT_MS);
    this.open.add(response);
    response.once("close", () => {
      clearInterval(beat);
      this.open.delete(response);
    });
  }
}
