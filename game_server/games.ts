/** The games this server can deal: a new one is a folder, a schema and a line here. */
import type { Game } from "./game.ts";
import { dice } from "./games/dice/dice.ts";
import { rocket } from "./games/rocket/rocket.ts";

export const games: readonly Game<unknown>[] = [dice, rocket];
