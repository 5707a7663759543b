/** The game server as a process of its own: gates dial it, and keep the directory for it. */
import { run } from "#runtime/process.ts";
import { GameServer } from "./game_server.ts";
import { games } from "./games.ts";
import { ThreadWatchdog } from "./watchdog.ts";

const defaultPort = 60_001;

await run("game_server", ({ settings, clock, entropy, log, lifecycle }) => {
  const watchdog = new ThreadWatchdog(clock);
  const port = settings.port ?? defaultPort;
  return new GameServer({
    ...{ settings, games, clock, entropy, log, watchdog, port },
    drainLeftMs: () => lifecycle.leftMs,
    onChange: () => lifecycle.settle(),
  });
});
