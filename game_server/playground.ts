/**
 * What single mode tells the playground, in development: which games there are and how their frames are read, and that the
 * rooms of a game shall be restored where they are.
 *
 *     GET  /dev/games                  descriptions of every game
 *     POST /dev/restore?game=my-game   what a restart or a move does to its rooms, in place: {"rooms": 2}
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { describeGame } from "#protocol/game_description.ts";
import { defineGame } from "#protocol/game_protocol.ts";
import type { Game } from "./game.ts";

interface Dealing {
  readonly games: ReadonlyMap<string, Game<unknown>>;
  swap(game: Game<unknown>): number;
}

export class Playground {
  readonly #dealing: Dealing;

  constructor(dealing: Dealing) {
    this.#dealing = dealing;
  }

  /** Answers a GET when the path is ours. */
  get(path: string, response: ServerResponse): boolean {
    if (path !== "/dev/games") return false;
    const games = [...this.#dealing.games.values()].map(({ name, protocol = defineGame({ name, commands: {}, events: {} }) }) =>
      describeGame(protocol),
    );
    answer(response, 200, { games });
    return true;
  }

  /** Answers a POST when the path is ours. Pages of others may not do this to who has them open. */
  post(path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): boolean {
    if (path !== "/dev/restore") return false;
    const game = this.#dealing.games.get(query.get("game") ?? "");
    const { origin, host } = request.headers;
    if (origin !== undefined && URL.parse(origin)?.host !== host) answer(response, 403, { error: "not from another page" });
    else if (game === undefined) answer(response, 404, { error: "unknown game" });
    else this.#restore(game, response);
    return true;
  }

  #restore(game: Game<unknown>, response: ServerResponse): void {
    try {
      answer(response, 200, { rooms: this.#dealing.swap(game) });
    } catch (thrown) {
      answer(response, 409, { error: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  }
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" }).end(JSON.stringify(value));
}
