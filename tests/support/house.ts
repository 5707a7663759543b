/**
 * A whole house for a test, in this process: one gate and game servers linked over real
 * WebSockets, or single mode with its link in memory. All ports are free ones. Closing it
 * waits until nothing is left, so a leak fails the test.
 */
import type { TestContext } from "node:test";
import { MemoryDirectory } from "#fleet/directory_memory.ts";
import { fixedFleet } from "#fleet/fleet.ts";
import type { Game } from "#game_server/game.ts";
import { GameServer } from "#game_server/game_server.ts";
import { games } from "#game_server/games.ts";
import type { Journal } from "#game_server/journal.ts";
import { memoryJournal } from "#game_server/journal_memory.ts";
import { noWatchdog } from "#game_server/watchdog.ts";
import { Gate } from "#gate_server/gate.ts";
import { dialWebSocket } from "#link/socket_websocket.ts";
import { type Clock, systemClock } from "#runtime/clock.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { type Log, silentLog } from "#runtime/log.ts";
import { readSettings, type Settings } from "#runtime/settings.ts";

export interface HouseOptions {
  /** Environment variables, as an operator would set them. */
  env?: Record<string, string>;
  clock?: Clock;
  servers?: number;
  games?: readonly Game<unknown>[];
  log?: Log;
  /** What its only game server finds. */
  journal?: Journal;
}

export interface House {
  readonly port: number;
  /** The game servers' own ports, for direct clients. */
  readonly serverPorts: readonly number[];
  readonly gate: Gate;
  readonly servers: readonly GameServer[];
}

/** Opens a gate and game servers, and closes them when the test is over. */
export async function openHouse(test: TestContext, options: HouseOptions = {}): Promise<House> {
  const { clock = systemClock, log = silentLog } = options;
  const settings: Settings = readSettings({ DRAIN_WINDOW: "0", ...options.env });
  const context = { settings, clock, log, entropy: systemEntropy, drainLeftMs: () => undefined, onChange: () => {} };
  const servers = Array.from({ length: options.servers ?? 1 }, () => {
    const journal = options.journal ?? memoryJournal(systemEntropy);
    return new GameServer({ ...context, games: options.games ?? games, watchdog: noWatchdog, journal, port: 0 });
  });
  for (const server of servers) server.restore();
  const serverPorts = await Promise.all(servers.map((server) => server.start()));
  const directory = new MemoryDirectory(clock);
  const fleet = fixedFleet(
    ["dice", "rocket"],
    serverPorts.map((port) => `127.0.0.1:${port}`),
  );
  const gate = new Gate({ ...context, fleet, directory, kept: directory, dial: dialWebSocket, port: 0 });
  const port = await gate.start();
  test.after(async () => {
    await gate.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });
  while (gate.ready !== "ok") await new Promise((resolve) => setTimeout(resolve, 5));
  return { port, serverPorts, gate, servers };
}
