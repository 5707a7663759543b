/** The game server as it is, which deals the flood and the ledger too. */
import { ledger } from "#simulation/ledger.ts";
import { deal } from "./deal.ts";
import { flood } from "./flood.ts";

deal(flood, ledger);
await import("#game_server/main.ts");
