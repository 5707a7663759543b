/** `croupier drain`: a process leaves service, says how far it is, and comes back. */
import { setTimeout as sleep } from "node:timers/promises";
import type { DrainState } from "#runtime/process_views.ts";
import { type AdminClient, Cut, Unreachable } from "./admin.ts";
import type { Admins } from "./admins.ts";
import { figuresOf, leftOf, lineOf } from "./drain_lines.ts";
import type { FlagValues } from "./flags.ts";
import { lookEveryMs } from "./meanwhile.ts";
import { Progress } from "./progress.ts";
import { print } from "./say.ts";
import { Trouble } from "./words.ts";

/** `drain status` */
export async function showDrain(admins: Admins, { json }: FlagValues): Promise<void> {
  const all = await admins.every((admin) => admin.ask<DrainState>("GET", "/drain"));
  for (const { admin, answer } of all) {
    if (json) print(JSON.stringify(admins.areSeveral ? { admin: admin.url, ...answer } : answer));
    else print(`${admins.areSeveral ? `${admin.url}: ` : ""}${lineOf(answer)}`);
  }
}

/** `drain undo` */
export async function undoDrain(admin: AdminClient, { json }: FlagValues): Promise<void> {
  const state = await admin.ask<DrainState>("DELETE", "/drain");
  print(json ? JSON.stringify(state) : lineOf(state));
}

/**
 * `drain start`; with `--wait`, how far it is until the process is gone.
 * @throws {Trouble} when somebody takes the drain back meanwhile.
 */
export async function startDrain(admin: AdminClient, { wait, json }: FlagValues): Promise<void> {
  const first = await admin.ask<DrainState>("POST", "/drain");
  let last = { rooms: first.rooms, atMs: performance.now() };
  const progress = new Progress();
  const show = (state: DrainState): void => {
    const now = { rooms: state.rooms, atMs: performance.now() };
    if (json) progress.show(JSON.stringify(state));
    else progress.show(leftOf(state), figuresOf(state, last.rooms - now.rooms, now.atMs - last.atMs));
    last = now;
  };
  show(first);
  for (let state: DrainState | undefined = first; wait; show(state)) {
    await sleep(lookEveryMs);
    state = await stateOf(admin);
    if (state?.stage !== "draining" && state?.stage !== "dissolving") progress.end();
    if (state === undefined || state.stage === "gone") return print(json ? JSON.stringify({ stage: "gone" }) : "gone");
    if (state.stage === "serving") throw new Trouble("somebody took the drain back: it serves again.");
  }
  progress.end();
}

/** Undefined: the process is gone. */
async function stateOf(admin: AdminClient): Promise<DrainState | undefined> {
  try {
    return await admin.ask<DrainState>("GET", "/drain");
  } catch (thrown) {
    if (thrown instanceof Unreachable || thrown instanceof Cut) return undefined;
    throw thrown;
  }
}
