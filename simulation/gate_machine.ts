/** A machine on which a gate runs, is killed, and is started again. */
import { MemoryDirectory } from "#fleet/directory_memory.ts";
import { RedisDirectory } from "#fleet/directory_redis.ts";
import { fixedFleet } from "#fleet/fleet.ts";
import { RedisFleet } from "#fleet/fleet_redis.ts";
import { Gate, type GateOptions } from "#gate_server/gate.ts";
import type { LinkSocket } from "#link/socket.ts";
import { SimDoor } from "./door.ts";
import { ledger } from "./ledger.ts";
import type { SimProcess } from "./process.ts";
import { endOf, type Surroundings } from "./surroundings.ts";

interface GateMachineOptions {
  around: Surroundings;
  /** Of the game servers, in a static fleet. */
  addresses: readonly string[];
  dial(from: SimProcess, address: string): Promise<LinkSocket>;
  onKilled(machine: GateMachine): void;
}

export class GateMachine {
  readonly name: string;
  process: SimProcess;
  gate: Gate | undefined;
  door: SimDoor | undefined;
  /** What this gate keeps, in a static fleet. */
  kept: MemoryDirectory | undefined;
  readonly #options: GateMachineOptions;

  constructor(name: string, options: GateMachineOptions) {
    this.name = name;
    this.#options = options;
    this.process = this.#openProcess();
  }

  start(): void {
    const { around, dial } = this.#options;
    const { settings, scheduler, chance } = around;
    this.process = this.#openProcess();
    const { process } = this;
    const { clock } = process;
    this.gate = new Gate({
      ...{ settings, port: 0, clock, entropy: chance.entropy, log: around.log(this.name), onChange: () => {} },
      ...this.#shared(process),
      dial: (address) => dial(process, address),
      openDoor: ({ onPlayer }) => {
        this.door = new SimDoor({ scheduler, chance, process, onPlayer });
        return this.door;
      },
    });
    void this.gate.start();
    around.trace(this.name, "started");
  }

  #openProcess(): SimProcess {
    return this.#options.around.openProcess(this.name, () => this.#options.onKilled(this));
  }

  #shared(process: SimProcess): Pick<GateOptions, "fleet" | "directory" | "kept" | "redis"> {
    const { around, addresses } = this.#options;
    if (around.redis === undefined) {
      const kept = new MemoryDirectory(process.clock);
      this.kept = kept;
      return { directory: kept, kept, fleet: fixedFleet([ledger.name], addresses) };
    }
    const redis = endOf(around.redis, process, around);
    redis.start();
    return { redis, directory: new RedisDirectory(redis), fleet: new RedisFleet(redis, process.clock) };
  }
}
