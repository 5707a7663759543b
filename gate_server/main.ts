/** The gate as a process of its own: a static fleet, and the directory in its memory. */
import { MemoryDirectory } from "#fleet/directory_memory.ts";
import { StaticFleet } from "#fleet/fleet_static.ts";
import { dialWebSocket } from "#link/socket_websocket.ts";
import { run } from "#runtime/process.ts";
import { Gate } from "./gate.ts";

const defaultPort = 60_006;

await run("gate", ({ settings, clock, entropy, log, lifecycle }) => {
  const fleet = new StaticFleet(settings.gameServers, { clock, log });
  const directory = new MemoryDirectory(clock);
  const port = settings.port ?? defaultPort;
  return new Gate({
    settings,
    clock,
    entropy,
    log,
    fleet,
    directory,
    port,
    kept: directory,
    dial: dialWebSocket,
    onChange: () => lifecycle.settle(),
  });
});
