/** A game server that deals the flood and the ledger. */
import { GameServer } from "#game_server/game_server.ts";
import { openJournal } from "#game_server/open_journal.ts";
import { ThreadWatchdog } from "#game_server/watchdog.ts";
import { run } from "#runtime/process.ts";
import { ledger } from "#simulation/ledger.ts";
import { flood } from "./flood.ts";

await run("game_server", async (context) => {
  const { lifecycle, settings, clock } = context;
  const server = new GameServer({
    ...context,
    games: [flood, ledger],
    journal: await openJournal(context),
    port: settings.port ?? 0,
    watchdog: new ThreadWatchdog(clock),
    drainLeftMs: () => lifecycle.leftMs,
    onChange: () => lifecycle.settle(),
  });
  server.restore();
  return server;
});
