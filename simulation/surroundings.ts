/** What everything in a run shares. */
import type { Log } from "#runtime/log.ts";
import type { Settings } from "#runtime/settings.ts";
import type { Chance } from "./chance.ts";
import type { Character } from "./character.ts";
import type { SimNetwork } from "./network.ts";
import type { SimProcess } from "./process.ts";
import type { SimRedis } from "./redis.ts";
import { SimRedisEnd } from "./redis_end.ts";
import type { Scheduler } from "./scheduler.ts";

export interface Surroundings {
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly network: SimNetwork;
  readonly character: Character;
  readonly settings: Settings;
  /** Undefined in a static fleet. */
  readonly redis: SimRedis | undefined;
  openProcess(name: string, onKilled: () => void): SimProcess;
  log(name: string): Log;
  trace(name: string, what: string): void;
}

/** A process's connection to Redis. */
export function endOf(redis: SimRedis, process: SimProcess, { network, chance, settings }: Surroundings): SimRedisEnd {
  return new SimRedisEnd({
    ...{ clock: process.clock, chance, needsReplicas: redis.needsReplicas, abandonAfterMs: settings.abandonAfterMs },
    dial: () =>
      network.dial(
        process,
        () => redis.process,
        (socket) => redis.accept(socket),
      ),
  });
}
