/** The game server as a process of its own: gates dial it, and keep the directory for it. */
import { run } from "#runtime/process.ts";
import { GameServer } from "./game_server.ts";
import { games } from "./games.ts";
import { openJournal } from "./open_journal.ts";
import { ThreadWatchdog } from "./watchdog.ts";

const defaultPort = 60_001;

await run("game_server", async ({ settings, clock, entropy, log, lifecycle }) => {
  const journal = await openJournal({ settings, clock, entropy, log });
  const server = new GameServer({
    ...{ settings, games, clock, entropy, log, journal, port: settings.port ?? defaultPort },
    watchdog: new ThreadWatchdog(clock),
    drainLeftMs: () => lifecycle.leftMs,
    onChange: () => lifecycle.settle(),
  });
  server.restore();
  return server;
});
