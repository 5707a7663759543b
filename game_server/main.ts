/**
 * The game server as a process of its own. In a static fleet its one gate dials it and keeps
 * the directory for it; with Redis it shows itself there, to any number of gates.
 */
import { hostname } from "node:os";
import { addressOf } from "#fleet/address.ts";
import { StaticFleet } from "#fleet/fleet_static.ts";
import { openFleet } from "#fleet/open_fleet.ts";
import { RedisOwner } from "#fleet/owner_redis.ts";
import { Redis } from "#fleet/redis.ts";
import { dialWebSocket } from "#link/socket_websocket.ts";
import { timed } from "#runtime/metrics.ts";
import { type Context, run } from "#runtime/process.ts";
import { fleetOf, type SharedFleet } from "#runtime/settings.ts";
import type { Game } from "./game.ts";
import { GameServer } from "./game_server.ts";
import { gamesOf } from "./games.ts";
import type { Journal } from "./journal.ts";
import { LeaseNote } from "./lease_note.ts";
import { openJournal } from "./open_journal.ts";
import { ThreadWatchdog } from "./watchdog.ts";

const defaultPort = 60_001;

await run("game_server", async (context) => {
  const fleet = fleetOf(context.settings);
  const games = await gamesOf(context.settings.games);
  const dealing = { ...context, games, journal: await openJournal(context) };
  return fleet.is === "static" ? serveStatic(dealing) : serveShared(dealing, fleet);
});

/** What it is given, with what it deals and where it writes that down. */
interface Dealing extends Context {
  readonly games: readonly Game<unknown>[];
  readonly journal: Journal;
}

function serveStatic(dealing: Dealing): GameServer {
  const { settings, clock, log } = dealing;
  const peers = settings.gameServers.length === 0 ? {} : { peers: new StaticFleet(settings.gameServers, { clock, log }) };
  const server = new GameServer({ ...optionsOf(dealing), ...peers });
  server.restore();
  return server;
}

async function serveShared(dealing: Dealing, fleet: SharedFleet): Promise<GameServer> {
  const { settings, clock, entropy, log, journal } = dealing;
  const { abandonAfterMs } = settings;
  const note = new LeaseNote(settings.dataDir, clock);
  const redis = new Redis({ url: fleet.url, clock, entropy, log, abandonAfterMs });
  const owner: RedisOwner = new RedisOwner({
    ...{ redis, clock, log, abandonAfterMs, owner: journal.id },
    address: (port) => addressOf(settings, port),
    renewedAgoMs: journal.isDurable ? note.agoMs : 0,
    owned: () => server,
    onRenewed: () => journal.isDurable && note.write(),
  });
  const peers = await openFleet(fleet, { redis, clock, entropy, log });
  const server = new GameServer({ ...optionsOf(dealing), ...{ directory: owner, membership: owner, peers } });
  redis.start();
  await owner.begin(() => server.restore());
  return server;
}

function optionsOf({ settings, secrets, clock, entropy, log, lifecycle, games, journal }: Dealing) {
  return {
    ...{ settings, secrets, games, clock, entropy, log, journal, port: settings.port ?? defaultPort, machine: hostname() },
    dial: dialWebSocket,
    watchdog: new ThreadWatchdog(clock, { service: "game_server", version: settings.version }, timed(settings, "croupier_handler_seconds")),
    drainLeftMs: () => lifecycle.leftMs,
    onChange: () => lifecycle.settle(),
  };
}
