/**
 * `GET /rooms?game=dice`: the open rooms that are not private, for a lobby. Every server is
 * asked at most once a second per game, however many ask here.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "#runtime/clock.ts";
import type { Links } from "./links.ts";

const freshMs = 1000;

interface RoomsPageOptions {
  clock: Clock;
  links: Links;
  origins: readonly string[];
  isKnown(game: string): boolean;
}

interface Asked {
  readonly atMs: number;
  readonly json: Promise<string>;
}

export class RoomsPage {
  readonly #options: RoomsPageOptions;
  readonly #asked = new Map<string, Asked>();

  constructor(options: RoomsPageOptions) {
    this.#options = options;
  }

  /** Answers when the path is ours. */
  page(path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): boolean {
    if (path !== "/rooms") return false;
    const game = query.get("game") ?? "";
    const headers = { "Content-Type": "application/json", "Cache-Control": "no-store", ...this.#corsHeaders(request) };
    if (this.#options.isKnown(game)) void this.#rooms(game).then((json) => response.writeHead(200, headers).end(json));
    else response.writeHead(404, headers).end('{"error":"unknown game"}');
    return true;
  }

  #rooms(game: string): Promise<string> {
    const now = this.#options.clock.now();
    const asked = this.#asked.get(game);
    if (asked !== undefined && now - asked.atMs < freshMs) return asked.json;
    const json = this.#ask(game);
    this.#asked.set(game, { atMs: now, json });
    return json;
  }

  async #ask(game: string): Promise<string> {
    const links = [...this.#options.links.all()].filter((link) => link.deals(game));
    const rooms = (await Promise.all(links.map((link) => link.rooms(game)))).flat();
    return JSON.stringify({ game, rooms: rooms.map(({ id, seats, free, watchers, phase }) => ({ id, seats, free, watchers, phase })) });
  }

  #corsHeaders({ headers: { origin } }: IncomingMessage): Record<string, string> {
    const { origins } = this.#options;
    if (origins.length === 0) return { "Access-Control-Allow-Origin": "*" };
    if (origin === undefined || !origins.includes(origin)) return { Vary: "Origin" };
    return { "Access-Control-Allow-Origin": origin, Vary: "Origin" };
  }
}
