/** What kind of run a seed is: how many of what there are, and which misfortunes it has beyond the ordinary. */
import type { DrainKind } from "#runtime/process_views.ts";
import { readSettings, type Settings } from "#runtime/settings.ts";
import type { Chance } from "./chance.ts";

const holdMs = 20_000;
const drainDeadlineMs = 4000;

export interface Character {
  /** Two gates, and a directory in Redis; otherwise one gate, which keeps the directory. */
  readonly isCluster: boolean;
  readonly servers: number;
  /** Power cuts that lose unsynced turns. */
  readonly losesPower: boolean;
  /** Cuts that last longer than HOLD. */
  readonly isLong: boolean;
  readonly killsGates: boolean;
  /** Rooms are moved. */
  readonly moves: boolean;
  /** What a Redis that is killed may have lost: nothing, its memory, or its last writes. */
  readonly redisLoses: "nothing" | "memory" | "last writes";
  /** What drains do with rooms; undefined: there are none. */
  readonly drains: Exclude<DrainKind, "close"> | undefined;
  readonly parks: boolean;
  /** Drains that last too long end the rooms, and so do second signals. */
  readonly dissolves: boolean;
}

export function drawCharacter(chance: Chance): Character {
  const isCluster = chance.happens(0.7);
  const isDraining = chance.happens(0.5);
  return {
    isCluster,
    servers: isCluster ? chance.whole(2, 4) : chance.whole(1, 3),
    losesPower: chance.happens(0.1),
    isLong: chance.happens(0.12),
    killsGates: chance.happens(isCluster ? 0.5 : 0.25),
    moves: chance.happens(0.7),
    redisLoses: chance.pick(["nothing", "nothing", "memory", "last writes"]),
    drains: isDraining ? chance.pick(["move", "move", "park", "wait"]) : undefined,
    parks: chance.happens(0.6),
    dissolves: chance.happens(0.2),
  };
}

export function settingsFor({ drains, parks, dissolves }: Character): Settings {
  const hasDeadline = parks || dissolves;
  return readSettings({
    ...{ HOLD: `${holdMs / 1000}s`, PONG_TIMEOUT: "5s", MESSAGES_PER_SECOND: "0", DRAIN_WINDOW: "0", PORT: "0" },
    ...{ DRAIN: drains ?? "move", PARK: parks ? "on" : "off", DRAIN_DEADLINE: hasDeadline ? `${drainDeadlineMs / 1000}s` : "0" },
  });
}
