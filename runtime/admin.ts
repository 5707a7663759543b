/**
 * The admin listener, off the public ports: `/livez` and `/readyz` answer anyone with "ok"
 * or one word; all else needs a token, which says whether its owner may only read, or a
 * listener bound to loopback (admin_roles.ts). Nothing changes by GET, and whoever asks for a
 * change is in the log (admin_audit.ts). What a process is made of brings routes of its own;
 * `/openapi.json` describes all of them (admin_description.ts). The operator's page is at `/`: it
 * holds nothing, and asks like everybody else, also other listeners (admin_origins.ts).
 *
 *     origin ──> role ──> body and schema ──> asked before? ──> the route ──> audit ──> answer
 */
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import swagger from "@fastify/swagger";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, type HTTPMethods } from "fastify";
import { type AskedRole, Audit } from "./admin_audit.ts";
import { beginning, completed, described, textSchema } from "./admin_description.ts";
import { refuse, refuseOnSocket } from "./admin_errors.ts";
import { letIn } from "./admin_origins.ts";
import { addRepeats } from "./admin_repeat_hooks.ts";
import { Repeats } from "./admin_repeats.ts";
import { type AdminTokens, type Entrance, pageRefusalOf, type RoleRefused, readingMethods, roleOf } from "./admin_roles.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Pages } from "./pages.ts";
import { type ProcessView, type Role, serviceNames } from "./process_views.ts";

/** Adds routes to the listener. Each has a schema: what it does not name is refused, and not answered. */
export type Routes = (server: FastifyInstance) => void;

export interface AdminOptions {
  host: string;
  /** 0 = any free one. */
  port: number;
  /** Asked at each request. Neither is set: only loopback is answered. */
  tokens(): AdminTokens;
  /** Of pages that may ask, beside the listener's own. */
  origins: readonly string[];
  page: Pages;
  about: Omit<ProcessView, "role">;
  clock: Clock;
  log: Log;
  /** Undefined: `/metrics` is not served. */
  metrics: Metrics | undefined;
  /** "ok", or the one word that says why not. */
  ready(): string;
}

const openPaths: ReadonlySet<string> = new Set(["/livez", "/readyz"]);
const pagePaths: ReadonlySet<string> = new Set(["/", "/assets/*"]);
const methods: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

const processSchema = {
  type: "object",
  required: ["service", "release", "machine", "startedAtMs", "role"],
  properties: {
    service: { enum: serviceNames, description: "croupier: a gate and a game server in one" },
    release: { type: "string" },
    machine: { type: "string", description: "the name of its machine, such as a pod's" },
    startedAtMs: { type: "number", description: "milliseconds since 1970" },
    role: { enum: ["read", "operate"] satisfies Role[], description: "of the token that is asked with" },
  },
} as const;

/** What is brought is a sentence at most. */
const bodyBytesMax = 65_536;

/** How long a request may take to arrive. */
const requestTimeoutMs = 10_000;
/** How often Node looks for those that take longer. */
const requestsCheckMs = 2000;

export class Admin {
  readonly #options: AdminOptions;
  readonly #http: Server;
  readonly #audit: Audit;
  readonly #repeats: Repeats;
  /** Of requests that are not answered yet. */
  readonly #roles = new WeakMap<FastifyRequest, AskedRole>();
  #answer: RequestListener = () => {};

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#audit = new Audit(options.clock, options.log);
    this.#repeats = new Repeats(options.clock);
    options.metrics?.totals("croupier_admin_requests_total", () => this.#audit.counts());
    this.#http = createServer({ requestTimeout: requestTimeoutMs, connectionsCheckingInterval: requestsCheckMs }, (request, response) => {
      response.once("close", () => this.#responseOnClose());
      this.#answer(request, response);
    });
    this.#http.on("clientError", refuseOnSocket);
    this.#http.on("checkExpectation", (request, response) => this.#answer(request, response));
  }

  /** Opens the listener and gives its port: until `serve` all that is no question about the process itself is 503. */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    this.#answer = await this.#router([], (reply) => refuse(reply.header("Retry-After", "1"), 503, "the process is starting"));
    this.#http.listen({ host, port });
    await once(this.#http, "listening");
    const address = this.#http.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** The process has started: these are the routes of what it is made of. */
  async serve(routes: readonly Routes[]): Promise<void> {
    this.#answer = await this.#router(routes, (reply) => refuse(reply, 404, "nothing is served at this path"));
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

  async #router(routes: readonly Routes[], notFound: (reply: FastifyReply) => FastifyReply): Promise<RequestListener> {
    const router = Fastify({
      ...{ logger: false, bodyLimit: bodyBytesMax, ajv: { customOptions: { removeAdditional: false } } },
      frameworkErrors: (error, request, reply) => this.#onNoPath(error, request as FastifyRequest, reply as FastifyReply),
    });
    router.addHook("onRequest", async (request, reply) => this.#onRequest(request, reply));
    addRepeats(router, this.#repeats, (request) => this.#roles.get(request) ?? "none");
    router.addHook("onSend", (request, reply, _payload, done) => {
      this.#onSend(request, reply);
      done();
    });
    router.setNotFoundHandler(async (_request, reply) => notFound(reply));
    router.setErrorHandler<FastifyError>(async (error, request, reply) => this.#onError(error, request, reply));
    takeJsonOnly(router);
    await router.register(swagger, { openapi: beginning(this.#options.about.release), transform: described, transformObject: completed });
    await router.register(async (server) => {
      const allowed = allowedMethods(server);
      this.#ownRoutes(server);
      this.#pageRoutes(server);
      for (const add of routes) add(server);
      refuseOtherMethods(server, allowed);
    });
    await router.ready();
    return router.routing;
  }

  #ownRoutes(server: FastifyInstance): void {
    const { metrics } = this.#options;
    const about = (operationId: string, summary: string) => ({ operationId, tags: ["process"], summary });
    const open = { ...textSchema, security: [] };
    server.get("/livez", { schema: { ...open, ...about("isAlive", "Whether the process is alive.") } }, async () => "ok\n");
    const ready = { ...open, ...about("isReady", "Whether it takes new work: ok, or one word with 503.") };
    const response = { ...ready.response, 503: { type: "string" } };
    server.get("/readyz", { schema: { ...ready, response } }, async (_request, reply) => {
      const word = this.#options.ready();
      return reply.code(word === "ok" ? 200 : 503).send(`${word}\n`);
    });
    if (metrics !== undefined) {
      const schema = { ...textSchema, ...about("showMetrics", "Metrics in Prometheus' text form.") };
      server.get("/metrics", { schema }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
    }
    const process = { ...about("showProcess", "What the process is, and what whoever asks may do."), response: { 200: processSchema } };
    server.get(
      "/process",
      { schema: process },
      async (request): Promise<ProcessView> => ({ ...this.#options.about, role: this.#role(request) }),
    );
    const description = { ...about("describe", "This description."), response: { 200: { type: "object", additionalProperties: true } } };
    server.get("/openapi.json", { schema: description }, async (_request, reply) =>
      reply.type("application/json; charset=utf-8").send(JSON.stringify(server.swagger())),
    );
  }

  /** Anybody may have the page who could have an answer, if he had a token. */
  #pageRoutes(server: FastifyInstance): void {
    const { page } = this.#options;
    for (const url of pagePaths)
      server.get(url, { schema: { hide: true } }, async (request, reply) => {
        const [path = ""] = request.url.split("?");
        return page(path, request.raw, reply.raw) ? reply.hijack() : refuse(reply, 404, "nothing is served at this path");
      });
  }

  async #onRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (await letIn(request, reply, this.#options.origins)) return;
    const path = request.routeOptions.url ?? "";
    const isReading = readingMethods.has(request.method);
    if (isReading && openPaths.has(path)) return;
    const role = isReading && pagePaths.has(path) ? pageRefusalOf(request.raw, this.#entrance()) : this.#roleOf(request);
    if (role === undefined) return;
    this.#roles.set(request, typeof role === "string" ? role : role.role);
    if (typeof role === "string") return;
    if (role.statusCode === 401) reply.header("WWW-Authenticate", "Bearer");
    await refuse(reply, role.statusCode, role.message);
  }

  /** Of whoever has been let in. */
  #role(request: FastifyRequest): Role {
    return this.#roles.get(request) === "operate" ? "operate" : "read";
  }

  /** Also when nobody waits for the answer any more. */
  #onSend(request: FastifyRequest, reply: FastifyReply): void {
    const role = this.#roles.get(request);
    if (role === undefined) return;
    this.#roles.delete(request);
    this.#note(request, role, reply);
  }

  /** What is asked for is no path: no hook sees it. */
  #onNoPath(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
    const role = this.#roleOf(request);
    const { statusCode = 400, message } = typeof role === "string" ? error : role;
    refuse(reply, statusCode, message);
    this.#note(request, typeof role === "string" ? role : role.role, reply);
  }

  #roleOf({ raw }: FastifyRequest): Role | RoleRefused {
    return roleOf(raw, this.#entrance());
  }

  #entrance(): Entrance {
    const { tokens, host, origins } = this.#options;
    return { tokens: tokens(), host, origins };
  }

  #note({ method, url, ip }: FastifyRequest, role: AskedRole, { statusCode: status, elapsedTime: durationMs }: FastifyReply): void {
    const [path = ""] = url.split("?");
    this.#audit.note({ method, path, role, address: plain(ip), status, durationMs });
  }

  /** Fastify says what is wrong with a request; anything else is a failure of ours, and hurts this request only. */
  async #onError(error: FastifyError, { method, routeOptions }: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { statusCode = 500 } = error;
    if (statusCode >= 500) this.#options.log.error("failure", { err: error, "event.reason": `admin ${method} ${routeOptions.url}` });
    await refuse(reply, statusCode, statusCode >= 500 ? "an assumption of the server's is broken: its log says which" : error.message);
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
    const allow = [...served].join(", ");
    const answer = async (_request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      await refuse(reply.header("Allow", allow), 405, `${url} is served to ${allow}`);
    };
    const others = methods.filter((method) => !served.has(method));
    server.route({ method: others, url, schema: { hide: true }, onRequest: answer, handler: answer });
  }
}

/** IPv4 that arrived on an IPv6 socket is IPv4. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}
