/** The games this server can deal: its own, a new one of which is a folder, a schema and a line here, and others from outside. */
import { SettingError } from "#runtime/settings.ts";
import type { Game } from "./game.ts";
import { dice } from "./games/dice/dice.ts";
import { rocket } from "./games/rocket/rocket.ts";
import { isPath, loadGame } from "./load_game.ts";

export const games: readonly Game<unknown>[] = [dice, rocket];

/**
 * The games that `GAMES` has, by name or path; all of our own when it has none.
 * @throws {SettingError}
 */
export async function gamesOf(entries: readonly string[]): Promise<readonly Game<unknown>[]> {
  if (entries.length === 0) return games;
  const dealt = new Map<string, Game<unknown>>();
  for (const entry of entries) {
    const game = isPath(entry) ? await loadGame(entry) : ownGame(entry);
    if (dealt.has(game.name)) throw new SettingError(`GAMES has two games of the name ${game.name}.`);
    dealt.set(game.name, game);
  }
  return [...dealt.values()];
}

function ownGame(name: string): Game<unknown> {
  const game = games.find((one) => one.name === name);
  if (game !== undefined) return game;
  throw new SettingError(`GAMES names ${JSON.stringify(name)}, and this release has ${games.map((one) => one.name).join(", ")}.`);
}
