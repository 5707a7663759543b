/** Signals to a server that shall dissolve its rooms. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "./process.ts";
import { says } from "./said.ts";

/** Sends these, so many milliseconds apart, and waits until the server dissolves. */
export async function dissolveBy(server: Server, signals: readonly NodeJS.Signals[], gapMs: number): Promise<void> {
  for (const signal of signals) {
    server.signal(signal);
    await sleep(gapMs);
  }
  await untilDissolving(server);
}

/** Linux makes one of two signals of a kind when the first is not taken yet: a busy machine needs another one. */
async function untilDissolving(server: Server): Promise<void> {
  await server.logged("drain start");
  while (!server.lines.some(says("dissolve all"))) {
    await sleep(500);
    server.signal("SIGTERM");
  }
}
