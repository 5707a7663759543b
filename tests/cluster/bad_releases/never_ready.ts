/** A release that starts, shows itself in the directory, lets gates link it, and never says that it is ready. */
import { GameServer } from "#game_server/game_server.ts";

Object.defineProperty(GameServer.prototype, "ready", { get: () => "never" });
await import("#tests/faults/flood_server.ts");
