/** A game server that deals the game that is measured, too. */
import { deal } from "#tests/faults/deal.ts";
import { bench } from "./game.ts";

deal(bench);
await import("#game_server/main.ts");
