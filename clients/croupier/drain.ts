/** `croupier drain`: a process leaves service, says how far it is, and comes back. */
import type { DrainState } from "#runtime/drain_routes.ts";
import { type AdminClient, Unreachable } from "./admin.ts";
import { print, seconds, Trouble } from "./say.ts";

const lookEveryMs = 500;

/** `drain status` */
export async function showDrain(admin: AdminClient): Promise<void> {
  print(lineOf(await admin.ask<DrainState>("GET", "/drain")));
}

/** `drain undo` */
export async function undoDrain(admin: AdminClient): Promise<void> {
  print(lineOf(await admin.ask<DrainState>("DELETE", "/drain")));
}

/**
 * `drain start`; with `waits`, a line for each change until the process is gone.
 * @throws {Trouble} when somebody takes the drain back meanwhile.
 */
export async function startDrain(admin: AdminClient, { waits }: { waits: boolean }): Promise<void> {
  let line = lineOf(await admin.ask<DrainState>("POST", "/drain"));
  print(line);
  while (waits) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    const state = await stateOf(admin);
    if (state === undefined) return print("gone");
    if (state.stage === "serving") throw new Trouble("somebody took the drain back: it serves again.");
    const now = lineOf(state);
    if (now !== line) print(now);
    line = now;
  }
}

/** Undefined: the process is gone. */
async function stateOf(admin: AdminClient): Promise<DrainState | undefined> {
  try {
    return await admin.ask<DrainState>("GET", "/drain");
  } catch (thrown) {
    if (thrown instanceof Unreachable) return undefined;
    throw thrown;
  }
}

function lineOf({ stage, kind, rooms, players, sessions, deadlineLeftMs }: DrainState): string {
  const left = `${rooms} rooms, ${players} players, ${sessions} sessions`;
  if (stage === "serving") return `serving, ${left}; a drain would ${kind}`;
  const deadline = deadlineLeftMs === undefined ? "" : `, deadline in ${seconds(deadlineLeftMs)}`;
  return `${stage} (${kind}), left: ${left}${deadline}`;
}
