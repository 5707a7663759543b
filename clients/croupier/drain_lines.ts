/** How far a process is on its way out of service, in words. */
import type { DrainState } from "#runtime/process_views.ts";
import { counted, seconds } from "./words.ts";

/** A whole drain in a line, or that there is none. */
export function lineOf(state: DrainState): string {
  const { stage, kind } = state;
  if (stage === "serving") return `serving, ${loadOf(state)}; a drain would ${kind}`;
  return `${leftOf(state)}${deadlineOf(state)}`;
}

export function leftOf(state: DrainState): string {
  return `${state.stage} (${state.kind}), left: ${loadOf(state)}`;
}

function loadOf({ rooms, players, sessions }: DrainState): string {
  return `${counted(rooms, "room")}, ${counted(players, "player")}, ${counted(sessions, "session")}`;
}

/** What goes on changing: how fast rooms leave since it was looked last, and until when they may. */
export function figuresOf(state: DrainState, left: number, passedMs: number): string {
  const rate = left > 0 ? `, ${((left * 1000) / passedMs).toFixed(1)} rooms a second` : "";
  return `${rate}${deadlineOf(state)}`;
}

function deadlineOf({ deadlineLeftMs }: DrainState): string {
  return deadlineLeftMs === undefined ? "" : `, deadline in ${seconds(deadlineLeftMs)}`;
}
