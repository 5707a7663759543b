/** What a release says of the games that it deals: to gates, to other game servers and to its operators. */
import type { Deal } from "#protocol/deals.ts";
import type { Game } from "./game.ts";

export function dealsOf(games: Iterable<Game<unknown>>): Deal[] {
  return Array.from(games, ({ name: game, version, upgrade }) => ({ game, version, upgrades: upgrade !== undefined }));
}
