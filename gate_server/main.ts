/**
 * The gate as a process of its own: the only one of a static fleet, with the directory in
 * its memory, or one of any number with the directory in Redis.
 */

import { MemoryDirectory } from "#fleet/directory_memory.ts";
import { RedisDirectory } from "#fleet/directory_redis.ts";
import { StaticFleet } from "#fleet/fleet_static.ts";
import { openFleet } from "#fleet/open_fleet.ts";
import { Redis } from "#fleet/redis.ts";
import { dialWebSocket } from "#link/socket_websocket.ts";
import { within } from "#runtime/clock.ts";
import { type Context, run } from "#runtime/process.ts";
import { fleetOf, gameServerByDefault } from "#runtime/settings.ts";
import { Gate, type GateOptions } from "./gate.ts";
import { openPages } from "./pages.ts";

const defaultPort = 60_006;
/** Who comes in before Redis has answered once hears "try again"; so long a gate waits for it with its port closed. */
const firstAnswerMs = 2000;

await run("gate", async (context) => {
  const { settings, secrets, clock, entropy, log, lifecycle } = context;
  return new Gate({
    ...{ settings, secrets, clock, entropy, log },
    pages: openPages(settings),
    ...(await shared(context)),
    port: settings.port ?? defaultPort,
    dial: dialWebSocket,
    onChange: () => lifecycle.settle(),
  });
});

async function shared({ settings, clock, entropy, log }: Context): Promise<Pick<GateOptions, "fleet" | "directory" | "kept" | "redis">> {
  const fleet = fleetOf(settings);
  if (fleet.is === "static") {
    const directory = new MemoryDirectory(clock);
    const names = settings.gameServers.length === 0 ? [gameServerByDefault] : settings.gameServers;
    return { fleet: new StaticFleet(names, { clock, log }), directory, kept: directory };
  }
  const redis = new Redis({ url: fleet.url, clock, entropy, log, abandonAfterMs: settings.abandonAfterMs });
  const parts = { fleet: await openFleet(fleet, { redis, clock, entropy, log }), directory: new RedisDirectory(redis), redis };
  const answered = new Promise<void>((resolve) => {
    redis.onUp = resolve;
  });
  redis.start();
  await within(clock, firstAnswerMs, answered);
  return parts;
}
