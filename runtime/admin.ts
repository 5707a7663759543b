/**
 * The admin listener, off the public ports: `/livez` and `/readyz` answer anyone with "ok"
 * or one word; all else needs the admin token, or a listener bound to loopback. Nothing
 * changes by GET. What a process is made of brings routes of its own; `/openapi.json`
 * describes all of them.
 */
import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { isIP } from "node:net";
import swagger, { type SwaggerTransform } from "@fastify/swagger";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifySchema, type HTTPMethods } from "fastify";
import type { Metrics } from "./metrics.ts";

/** Adds routes to the listener. Each has a schema: what it does not name is refused, and not answered. */
export type Routes = (server: FastifyInstance) => void;

export interface AdminOptions {
  host: string;
  /** 0 = any free one. */
  port: number;
  /** Of the moment; undefined = none: only loopback is answered. */
  token(): string | undefined;
  release: string;
  /** Undefined: `/metrics` is not served. */
  metrics: Metrics | undefined;
  /** "ok", or the one word that says why not. */
  ready(): string;
}

/** Of a request that asks for something and brings nothing. */
export const noBodySchema = { type: ["object", "null"], additionalProperties: false } as const;

const openPaths: ReadonlySet<string> = new Set(["/livez", "/readyz"]);
const methods: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** How long a request may take to arrive. */
const requestTimeoutMs = 10_000;

export class Admin {
  readonly #options: AdminOptions;
  readonly #http: Server;
  #answer: RequestListener = () => {};

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#http = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
      response.once("close", () => this.#responseOnClose());
      this.#answer(request, response);
    });
  }

  /** Opens the listener and gives its port: until `serve` all that is no question about the process itself is 503. */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    this.#answer = await this.#router([
      (server) => server.setNotFoundHandler(async (_request, reply) => reply.code(503).header("Retry-After", "1").send("starting\n")),
    ]);
    this.#http.listen({ host, port });
    await once(this.#http, "listening");
    const address = this.#http.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** The process has started: these are the routes of what it is made of. */
  async serve(routes: readonly Routes[]): Promise<void> {
    this.#answer = await this.#router(routes);
  }

  /** Resolves when every request that has begun is answered. */
  async close(): Promise<void> {
    const closed = once(this.#http, "close");
    this.#http.close();
    await closed;
  }

  /** A connection that was in use when the listener was closed is not kept for another request. */
  #responseOnClose(): void {
    if (!this.#http.listening) this.#http.closeIdleConnections();
  }

  async #router(routes: readonly Routes[]): Promise<RequestListener> {
    const router = Fastify({ logger: false, bodyLimit: 65_536, ajv: { customOptions: { removeAdditional: false } } });
    router.addHook("onRequest", async (request, reply) => this.#onRequest(request, reply));
    takeJsonOnly(router);
    const info = { title: "Croupier's admin listener", version: this.#options.release };
    await router.register(swagger, { openapi: { openapi: "3.1.0", info }, transform: describe });
    await router.register(async (server) => {
      const allowed = allowedMethods(server);
      this.#ownRoutes(server);
      for (const add of routes) add(server);
      refuseOtherMethods(server, allowed);
    });
    await router.ready();
    return router.routing;
  }

  #ownRoutes(server: FastifyInstance): void {
    const { metrics, ready } = this.#options;
    server.get("/livez", { schema: { summary: "Whether the process is alive." } }, async () => "ok\n");
    server.get("/readyz", { schema: { summary: "Whether it takes new work: ok, or one word with 503." } }, async (_request, reply) => {
      const word = ready();
      return reply.code(word === "ok" ? 200 : 503).send(`${word}\n`);
    });
    if (metrics !== undefined) {
      server.get("/metrics", { schema: { summary: "Metrics in Prometheus' text form." } }, async (_request, reply) =>
        reply.type(metrics.contentType).send(await metrics.text()),
      );
    }
    server.get("/openapi.json", { schema: { summary: "This description." } }, async () => server.swagger());
  }

  async #onRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (openPaths.has(request.routeOptions.url ?? "")) return;
    const { host } = this.#options;
    const token = this.#options.token();
    if (token === undefined) {
      if (!isLoopback(host)) await reply.code(403).send("ADMIN_TOKEN is not set\n");
    } else if (!sameText(request.headers.authorization ?? "", `Bearer ${token}`)) {
      await reply.code(401).header("WWW-Authenticate", "Bearer").send("the admin token is missing or wrong\n");
    }
  }
}

/** Bodies are JSON, or none at all, whatever the headers say of it; anything else is answered with 415. */
function takeJsonOnly(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser("error", "error");
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else parse(request, String(body), done);
  });
}

/** A body that must be empty is none: in the description every body is required. */
const describe: SwaggerTransform<FastifySchema> = ({ schema, url }) => {
  const { body, ...others } = schema;
  return { schema: body === undefined || body === noBodySchema ? others : schema, url };
};

/** Which methods each path has, as they are added. */
function allowedMethods(server: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  const allowed = new Map<string, Set<string>>();
  server.addHook("onRoute", ({ url, method }) => {
    allowed.set(url, new Set([...(allowed.get(url) ?? []), ...[method].flat()]));
  });
  return allowed;
}

/** A path that is served answers a method that is not with 405. */
function refuseOtherMethods(server: FastifyInstance, allowed: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, served] of [...allowed]) {
    const refuse = async (_request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      const message = `${url} is served to ${[...served].join(", ")}`;
      await reply
        .code(405)
        .header("Allow", [...served].join(", "))
        .send({ statusCode: 405, error: "Method Not Allowed", message });
    };
    const others = methods.filter((method) => !served.has(method));
    server.route({ method: others, url, schema: { hide: true }, onRequest: refuse, handler: refuse });
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
