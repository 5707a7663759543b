/** A release whose games have another shape of state, and no way to it from the last one. */
import { games } from "#game_server/games.ts";
import { ledger } from "#simulation/ledger.ts";
import { deal } from "#tests/faults/deal.ts";
import { flood } from "#tests/faults/flood.ts";

const changed = [...games, flood, ledger].map(({ upgrade: _, ...game }) => ({ ...game, version: game.version + 1 }));
(games as unknown[]).length = 0;
deal(...changed);
await import("#game_server/main.ts");
