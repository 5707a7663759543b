/** A game that makes trouble when its players ask for it: what alerts are for. */
import { getHeapStatistics } from "node:v8";
import type { Game } from "#game_server/game.ts";
import { Refused } from "#protocol/refusals.ts";

/** What players may ask for. */
export const trouble = { nothing: 200, crash: 201, work: 202, hoard: 203, letGo: 204, refuse: 205, end: 206 } as const;

/** Longer than a handler may run, and than an input may be under way. */
const workMs = 300;
/** Alerts are for less. */
const hoardedShare = 0.93;

const hoard: unknown[] = [];

/** Blocks the process. */
export function work(durationMs: number): void {
  const untilMs = performance.now() + durationMs;
  while (performance.now() < untilMs);
}

/** What players asked for; whoever asks for anything else is refused. */
const deeds: Readonly<Record<number, () => void>> = {
  [trouble.nothing]: () => {},
  [trouble.crash]: () => {
    throw new Error("trouble was asked for");
  },
  [trouble.work]: () => work(workMs),
  [trouble.hoard]: () => {
    const { heap_size_limit: limitBytes } = getHeapStatistics();
    while (process.memoryUsage().heapUsed < hoardedShare * limitBytes)
      hoard.push(Array.from({ length: 10_000 }, (_, at) => ({ at, text: `${at} of ${hoard.length}` })));
  },
  [trouble.letGo]: () => hoard.splice(0),
};

export function troubleGame(name: string, version: number): Game<{ inputs: number }> {
  return {
    name,
    version,
    open: () => ({ inputs: 0 }),
    arrive: () => {},
    leave: () => true,
    message(table, state, _player, command) {
      const deed = deeds[command];
      if (command === trouble.end) table.dissolve();
      else if (deed === undefined) throw new Refused("statusMismatch");
      deed?.();
      state.inputs += 1;
    },
    timer: () => {},
    dissolve: () => {},
    phase: () => "trouble",
    print: (_table, { inputs }) => `${inputs} inputs`,
  };
}
