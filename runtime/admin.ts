/**
 * The admin listener, off the public ports: `/livez` and `/readyz` answer anyone with "ok"
 * or one word; all else needs the admin token, or a listener bound to loopback. Nothing
 * changes by GET.
 */
import { timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Metrics } from "./metrics.ts";

export interface AdminOptions {
  host: string;
  /** 0 = any free one. */
  port: number;
  /** "" or undefined = no token: only loopback is answered. */
  token: string | undefined;
  metrics: Metrics;
  /** "ok", or the one word that says why not. */
  ready(): string;
}

const openPaths: ReadonlySet<string> = new Set(["/livez", "/readyz"]);

export class Admin {
  readonly #server: FastifyInstance;
  readonly #options: AdminOptions;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#server = Fastify({ logger: false, bodyLimit: 65_536, requestTimeout: 10_000, forceCloseConnections: true });
    this.#server.addHook("onRequest", async (request, reply) => this.#onRequest(request, reply));
    this.#server.get("/livez", async () => "ok\n");
    this.#server.get("/readyz", async (_request, reply) => {
      const word = options.ready();
      return reply.code(word === "ok" ? 200 : 503).send(`${word}\n`);
    });
    this.#server.get("/metrics", async (_request, reply) => reply.type(options.metrics.contentType).send(await options.metrics.text()));
  }

  /** Opens the listener and gives its port. */
  async listen(): Promise<number> {
    await this.#server.listen({ host: this.#options.host, port: this.#options.port });
    const address = this.#server.server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  async #onRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (openPaths.has(request.routeOptions.url ?? "")) return;
    const { token, host } = this.#options;
    if (token === undefined) {
      if (!isLoopback(host)) await reply.code(403).send("ADMIN_TOKEN is not set\n");
    } else if (!sameText(request.headers.authorization ?? "", `Bearer ${token}`)) {
      await reply.code(401).header("WWW-Authenticate", "Bearer").send("the admin token is missing or wrong\n");
    }
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
