/**
 * What a gate answers in development alone, at `/dev/…`. In production there is none of it. No CORS: the pages of others cannot
 * read it, and those that came here by another name (DNS rebinding), which a browser takes for ours, are refused.
 *
 *     GET /dev/token?user=7   a fresh token for whoever wants to be that user, so that a page can let people in without a login service
 *     anything else           what this process brings along
 *
 * With the documented `JWT_KEY` anybody can make such tokens himself. With a key of one's own, or none, there is nothing of it
 * for anybody: behind a proxy on this machine strangers come from 127.0.0.1, too, and a gate that somebody forgot to tell
 * `ENV=prod` gives its users' identities to nobody.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { ownToken } from "#door/own_token.ts";
import { hostNameOf } from "#runtime/host_name.ts";
import { defaultKeysInUse, type Settings } from "#runtime/settings.ts";

const byAnotherName = "Tools for development: ask by localhost or by an address.\n";
const byAnotherKey =
  "Tools for development are there with the documented JWT_KEY only; by one of your own, npm run dice and npm run bots make their tokens.\n";

/** Each answers when the path is its own. */
export interface DevelopmentTools {
  get(path: string, response: ServerResponse): boolean;
  post(path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): boolean;
}

export class Development {
  readonly #settings: Settings;
  readonly #tools: DevelopmentTools | undefined;

  constructor(settings: Settings, tools?: DevelopmentTools) {
    this.#settings = settings;
    this.#tools = tools;
  }

  /** Answers a GET when the path is ours. */
  get(path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): boolean {
    if (!this.#isOurs(path)) return false;
    return this.#refused(request, response) || this.#token(path, query, response) || (this.#tools?.get(path, response) ?? false);
  }

  /** Answers a POST when the path is ours. */
  post(path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): boolean {
    if (!this.#isOurs(path)) return false;
    return this.#refused(request, response) || (this.#tools?.post(path, query, request, response) ?? false);
  }

  #isOurs(path: string): boolean {
    return this.#settings.env === "dev" && path.startsWith("/dev/");
  }

  #refused(request: IncomingMessage, response: ServerResponse): boolean {
    const name = hostNameOf(request.headers.host ?? "");
    const isByAddress = name === "localhost" || isIP(name) !== 0;
    const isEverybodysKey = defaultKeysInUse(this.#settings).includes("JWT_KEY");
    if (isByAddress && isEverybodysKey) return false;
    answer(response, 403, isEverybodysKey ? byAnotherName : byAnotherKey);
    return true;
  }

  #token(path: string, query: URLSearchParams, response: ServerResponse): boolean {
    if (path !== "/dev/token") return false;
    const text = query.get("user") ?? "";
    const user = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : 0;
    if (!Number.isSafeInteger(user) || user === 0) answer(response, 400, "user is a whole number from 1 on");
    else {
      ownToken(user, this.#settings).then(
        (token) => answer(response, 200, token),
        () => answer(response, 503, "no token can be made"),
      );
    }
    return true;
  }
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "Content-Type": "text/plain", "Content-Length": body.length, "Cache-Control": "no-store" }).end(body);
}
