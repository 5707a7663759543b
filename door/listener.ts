/**
 * The public port: plain HTTP, and the upgrade of a player's WebSocket. Everything is
 * checked before the upgrade, in this order, and refused with an HTTP status:
 *
 *     405 method │ 400 handshake │ 503 leaving │ 403 origin │ 429 address │ 401 token │ 429 user
 *
 * A GET without an upgrade gets a page where one is served, otherwise 426; what is no HTTP 400,
 * 408 or 431. Neither tokens nor query strings are ever logged.
 */
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { BlockList, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { statusOfClientError } from "#runtime/client_error.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Log, LogFields } from "#runtime/log.ts";
import { LogLimit, refusalPaces } from "#runtime/log_limit.ts";
import { type ClientAddress, clientAddress, networkOf } from "./address.ts";
import { type Admission, bearerProtocol, type Identity, TokenRefused, tokenOf } from "./admission.ts";
import { BadTokens } from "./bad_tokens.ts";
import type { DoorCounts, UpgradeStatus } from "./counts.ts";
import { KeysAway } from "./jwks.ts";
import { Flusher, PlayerSocket, playerWebSocketOptions } from "./player_socket.ts";
import { Quota } from "./quota.ts";
import type { SessionSocket } from "./session.ts";

/** A client that takes longer for its headers is cut. */
const headersTimeoutMs = 10_000;
/** How often Node looks for such clients. */
const headersCheckMs = 2000;
/** A client that neither sends nor reads for so long is cut, unless it is a player: an answer that nobody reads is kept no longer. Behind 408. */
const idleTimeoutMs = headersTimeoutMs + 2 * headersCheckMs;
/** Who asks for pages has asked enough then; a browser opens another connection. */
const requestsPerConnectionMax = 100;
/** Connections of an address beyond those it may have, which hear that it has too many; more are cut as they come. */
const connectionsToRefuse = 100;
/** How long a refused client may take to read why. */
const refusalReadMs = 2000;
const tryAgain = { "Retry-After": "2" };
/** The keys of tokens are read again by then. */
const tryAgainForKeys = { "Retry-After": "5" };

export interface ListenerOptions {
  host: string;
  port: number;
  clock: Clock;
  log: Log;
  counts: DoorCounts;
  admission: Admission;
  origins: readonly string[];
  trustedProxies: BlockList;
  connectionsPerAddress: number;
  connectionsPerUser: number;
  queueBytesMax: number;
  /** Answers a GET; false = no such page. */
  page?(path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): boolean;
  /** Answers a POST; false = there is none to that path. */
  post?(path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): boolean;
  /** Takes an upgrade that is no player's; false = it is one. */
  upgrade?(path: string, request: IncomingMessage, stream: Duplex, head: Buffer): boolean;
  onPlayer(socket: SessionSocket, identity: Identity, address: string): void;
}

/** How players come in: this file's port, or the simulator's. */
export interface Door {
  /** Opens and gives the port. */
  listen(): Promise<number>;
  /** From now on players get 503: this process is leaving. */
  refuseNew(): void;
  /** Players are let in again. */
  acceptNew(): void;
  /** Closes the port. Sessions are not touched. */
  close(): Promise<void>;
}

/** An upgrade refused with an HTTP status and a reason. */
class UpgradeRefused extends Error {
  override readonly name = "UpgradeRefused";
  readonly status: UpgradeStatus;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: UpgradeStatus, reason: string, headers: Readonly<Record<string, string>> = {}) {
    super(reason);
    this.status = status;
    this.headers = headers;
  }
}

const tooManyConnections = new UpgradeRefused(429, "too many connections from this address", tryAgain);
const tooManyOfUser = new UpgradeRefused(429, "too many connections of this user", tryAgain);

/** What Node finds wrong with a connection before it is a request. */
const clientErrors = {
  400: new UpgradeRefused(400, "the request is no HTTP"),
  408: new UpgradeRefused(408, "the headers took too long"),
  431: new UpgradeRefused(431, "the headers are too large"),
} as const;

export class Listener implements Door {
  readonly #options: ListenerOptions;
  readonly #server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: headersTimeoutMs,
    connectionsCheckingInterval: headersCheckMs,
    shouldUpgradeCallback: asksForWebSocket,
  });
  readonly #webSockets = new WebSocketServer({
    ...playerWebSocketOptions,
    noServer: true,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has(bearerProtocol) ? bearerProtocol : false),
  });
  /** Every connection of an address, whatever it is for, and those that ask for an upgrade, also through a proxy. */
  readonly #connections: Quota<string>;
  readonly #addresses: Quota<string>;
  readonly #users: Quota<number>;
  readonly #flusher: Flusher;
  readonly #badTokens: BadTokens;
  readonly #lines = new LogLimit(refusalPaces);
  readonly #slowedLines = new LogLimit(refusalPaces);
  /** How many requests on a connection are not answered yet. */
  readonly #unanswered = new WeakMap<Duplex, number>();
  #stage: "open" | "leaving" | "no players" = "open";

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { connectionsPerAddress } = options;
    this.#connections = new Quota(connectionsPerAddress === 0 ? 0 : connectionsPerAddress + connectionsToRefuse);
    this.#addresses = new Quota(connectionsPerAddress);
    this.#users = new Quota(options.connectionsPerUser);
    this.#flusher = new Flusher(options.clock);
    this.#badTokens = new BadTokens(options.clock);
    this.#server.setTimeout(idleTimeoutMs);
    this.#server.maxRequestsPerSocket = requestsPerConnectionMax;
    this.#server.on("dropRequest", (_request, stream) => stream.destroy());
    this.#server.on("connection", (socket) => this.#serverOnConnection(socket));
    this.#server.on("clientError", (error, stream) => this.#serverOnClientError(error, stream));
    this.#server.on("request", (request, response) => this.#serverOnRequest(request, response));
    this.#server.on("upgrade", (request, stream, head) => {
      this.#serverOnUpgrade(request, stream, head).catch((err: unknown) => {
        options.log.error("failure", { err, "event.reason": "upgrade" });
        stream.destroy();
      });
    });
  }

  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, ...(host === "" ? {} : { host }) }, () => {
        this.#server.off("error", reject);
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  refuseNew(): void {
    this.#stage = "leaving";
    this.#badTokens.wake();
  }

  /** No player comes in here, ever: the port is for other things. */
  refusePlayers(): void {
    this.#stage = "no players";
  }

  acceptNew(): void {
    this.#stage = "open";
  }

  close(): Promise<void> {
    this.refuseNew();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #serverOnRequest(request: IncomingMessage, response: ServerResponse): void {
    const url = readUrl(request);
    request.resume();
    this.#countUnanswered(request.socket, 1);
    response.once("close", () => this.#countUnanswered(request.socket, -1));
    const { method } = request;
    if (method === "POST" && url !== undefined && this.#options.post?.(url.pathname, url.searchParams, request, response)) return;
    if (method !== "GET" && method !== "HEAD") return answer(response, 405, "GET only", { Allow: "GET, HEAD" });
    if (url === undefined) return answer(response, 400, "the URL is none");
    if (this.#options.page?.(url.pathname, url.searchParams, request, response)) return;
    answer(response, 426, "this is a WebSocket server", { Upgrade: "websocket" });
  }

  async #serverOnUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    stream.on("error", () => {}); // the connection may break while a token is checked
    if ((this.#unanswered.get(stream) ?? 0) > 0) return void stream.destroy(); // the answer would come among the player's frames
    const client = this.#clientOf(request);
    try {
      const url = readUrl(request);
      if (url === undefined) throw new UpgradeRefused(400, "the URL is none");
      if (this.#options.upgrade?.(url.pathname, request, stream, head)) return;
      await this.#admit(client, request, url.searchParams, { stream, head });
    } catch (thrown) {
      this.#refuse(client.address, stream, this.#toUpgradeRefused(thrown));
    }
  }

  #countUnanswered(stream: Duplex, by: number): void {
    this.#unanswered.set(stream, (this.#unanswered.get(stream) ?? 0) + by);
  }

  #serverOnConnection(socket: Socket): void {
    const { address, exempt } = this.#clientOf({ headers: {}, socket });
    if (exempt) return;
    const network = networkOf(address);
    if (this.#connections.take(network)) {
      socket.once("close", () => this.#connections.give(network));
      return;
    }
    this.#count(address, tooManyConnections);
    socket.destroy();
  }

  /** What is no request, or not in time. Node closes nothing here by itself. */
  #serverOnClientError(error: Error, stream: Duplex): void {
    const status = statusOfClientError(error);
    const socket = stream as Socket;
    if (status === undefined || socket.bytesRead === 0) stream.destroy();
    else if (stream.writable) this.#refuse(this.#clientOf({ headers: {}, socket }).address, stream, clientErrors[status]);
  }

  async #admit(
    client: ClientAddress,
    request: IncomingMessage,
    query: URLSearchParams,
    { stream, head }: { stream: Duplex; head: Buffer },
  ): Promise<void> {
    checkHandshake(request);
    this.#checkStage();
    this.#checkOrigin(request);
    if (!client.exempt) {
      this.#hold(this.#addresses, networkOf(client.address), stream, tooManyConnections);
      await this.#slowDown(client.address, stream);
    }
    const identity = await this.#identify(client, request, query);
    if (stream.destroyed) return;
    this.#checkStage(); // it may have changed meanwhile
    this.#hold(this.#users, identity.user, stream, tooManyOfUser);
    this.#webSockets.handleUpgrade(request, stream, head, (socket: WebSocket) => {
      const { clock, queueBytesMax } = this.#options;
      this.#options.onPlayer(new PlayerSocket(socket, stream, { clock, queueBytesMax, flusher: this.#flusher }), identity, client.address);
    });
  }

  #clientOf(request: Parameters<typeof clientAddress>[0]): ClientAddress {
    return clientAddress(request, this.#options.trustedProxies);
  }

  /** Tokens of an address that brings bad ones again and again wait before they are looked at. */
  async #slowDown(address: string, stream: Duplex): Promise<void> {
    if (this.#badTokens.waitMs(address) === 0) return;
    const { counts } = this.#options;
    counts.upgradesSlowed += 1;
    counts.upgradesWaiting += 1;
    const hasWaited = await this.#badTokens.wait(address, stream);
    counts.upgradesWaiting -= 1;
    if (!hasWaited) throw new UpgradeRefused(429, "too many bad tokens from this address", tryAgain);
    this.#checkStage();
  }

  async #identify({ address, exempt }: ClientAddress, request: IncomingMessage, query: URLSearchParams): Promise<Identity> {
    try {
      return await this.#options.admission.identify(tokenOf(request, query));
    } catch (thrown) {
      if (thrown instanceof TokenRefused && !exempt && this.#badTokens.add(address))
        this.#say("address slowed", this.#slowedLines, address, { "event.reason": "too many bad tokens" });
      throw thrown;
    }
  }

  #checkStage(): void {
    if (this.#stage === "no players") throw new UpgradeRefused(403, "players come in at a gate");
    if (this.#stage === "leaving") throw new UpgradeRefused(503, "this gate is leaving", tryAgain);
  }

  #checkOrigin({ headers: { origin } }: IncomingMessage): void {
    const { origins } = this.#options;
    if (origin !== undefined && origins.length > 0 && !origins.includes(origin)) throw new UpgradeRefused(403, "origin not allowed");
  }

  /** Counts the connection under `key` for as long as it lives. */
  #hold<Key>(quota: Quota<Key>, key: Key, stream: Duplex, refused: UpgradeRefused): void {
    if (!quota.take(key)) throw refused;
    stream.once("close", () => quota.give(key));
  }

  /** A line about an address, unless there are too many. A socket that is gone has none. */
  #say(event: "upgrade refusal" | "address slowed", limit: LogLimit, address: string, fields: LogFields): void {
    const { clock, counts, log } = this.#options;
    const left = limit.take(networkOf(address), clock.now());
    if (left === undefined) counts.linesDropped += 1;
    else log.info(event, { "client.address": address, ...fields, ...left });
  }

  #toUpgradeRefused(thrown: unknown): UpgradeRefused {
    if (thrown instanceof UpgradeRefused) return thrown;
    if (thrown instanceof TokenRefused) return new UpgradeRefused(401, thrown.message, { "WWW-Authenticate": "Bearer" });
    if (thrown instanceof KeysAway) return new UpgradeRefused(503, thrown.message, tryAgainForKeys);
    this.#options.log.error("failure", { err: thrown, "event.reason": "upgrade" });
    return new UpgradeRefused(500, "internal error");
  }

  #count(address: string, refused: UpgradeRefused): void {
    const { status, message } = refused;
    this.#options.counts.upgrades.add(status);
    this.#say("upgrade refusal", this.#lines, address, { "error.code": status, "event.reason": message });
  }

  #refuse(address: string, stream: Duplex, refused: UpgradeRefused): void {
    this.#count(address, refused);
    const body = `${refused.message}\n`;
    const headers = { ...refused.headers, Connection: "close", "Content-Type": "text/plain", "Content-Length": String(body.length) };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const timer = this.#options.clock.after(refusalReadMs, () => stream.destroy());
    stream.once("close", () => timer.cancel());
    stream.once("finish", () => stream.destroy());
    stream.resume(); // unread bytes would turn the close into a reset, and the answer be lost
    stream.end(`HTTP/1.1 ${refused.status} ${STATUS_CODES[refused.status]}\r\n${lines.join("")}\r\n${body}`);
  }
}

/** Other upgrades are ignored, as HTTP allows: the request is answered as if it had not asked. */
function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** What RFC 6455 §4.2.1 asks of a handshake, apart from what Node has checked. */
function checkHandshake({ method, headers }: IncomingMessage): void {
  if (method !== "GET") throw new UpgradeRefused(405, "GET only", { Allow: "GET" });
  if (headers["sec-websocket-version"] !== "13")
    throw new UpgradeRefused(400, "Sec-WebSocket-Version is not 13", { "Sec-WebSocket-Version": "13" });
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "")) throw new UpgradeRefused(400, "Sec-WebSocket-Key is none");
}

/** A path stays a path, even one that begins with two slashes. */
function readUrl({ url = "" }: IncomingMessage): URL | undefined {
  return URL.parse(url.startsWith("/") ? `http://croupier${url}` : url, "http://croupier") ?? undefined;
}

function answer(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "Content-Type": "text/plain", ...headers }).end(`${text}\n`);
}
