/**
 * A machine on which a game server runs: it is killed, or drains until it is gone, and is
 * started again on the same disk.
 */
import { fixedFleet } from "#fleet/fleet.ts";
import { RedisFleet } from "#fleet/fleet_redis.ts";
import { RedisOwner } from "#fleet/owner_redis.ts";
import { GameServer, type GameServerOptions } from "#game_server/game_server.ts";
import type { Journal } from "#game_server/journal.ts";
import { noWatchdog } from "#game_server/watchdog.ts";
import type { LinkSocket } from "#link/socket.ts";
import { Lifecycle } from "#runtime/lifecycle.ts";
import { Chance } from "./chance.ts";
import { SimDisk, type Write } from "./disk.ts";
import { ledger } from "./ledger.ts";
import { type SimProcess, unlessKilled } from "./process.ts";
import { endOf, type Surroundings } from "./surroundings.ts";

/** As in runtime/process.ts: a process that has nothing left waits no longer for its links to close. */
const stopTimeoutMs = 3000;

interface GameMachineOptions {
  around: Surroundings;
  /** Of the game servers, in a static fleet. */
  addresses: readonly string[];
  write: (() => Write) | undefined;
  dial(from: SimProcess, address: string): Promise<LinkSocket>;
  onKilled(machine: GameMachine): void;
  /** It has drained, and its process has ended. */
  onExit(machine: GameMachine): void;
}

export class GameMachine {
  readonly name: string;
  readonly disk: SimDisk;
  process: SimProcess;
  /** The one that plays; undefined while a start waits for Redis. */
  server: GameServer | undefined;
  #lifecycle: Lifecycle | undefined;
  readonly #options: GameMachineOptions;
  /** By the wall clock; 0 = never. */
  #renewedAtMs = 0;

  constructor(name: string, options: GameMachineOptions) {
    const { chance, seed } = options.around;
    this.name = name;
    this.#options = options;
    this.disk = new SimDisk(chance, new Chance(seed, 1), options.write);
    this.process = this.#openProcess();
  }

  start(): void {
    const { around } = this.#options;
    const { settings } = around;
    this.process = this.#openProcess();
    this.server = undefined;
    const { process } = this;
    const { clock } = process;
    const journal = this.disk.open(process);
    around.trace(this.name, `started, boot ${journal.boot}`);
    const lifecycle: Lifecycle = new Lifecycle(() => this.server as GameServer, {
      ...{ clock, log: around.log(this.name), deadlineMs: settings.drainDeadlineMs },
    });
    this.#lifecycle = lifecycle;
    if (around.redis === undefined) this.#startStatic(process, journal, lifecycle);
    else void this.#startInRedis(process, journal, lifecycle);
  }

  /** Whether its process is up and serves. */
  get isServing(): boolean {
    return this.#isUp && this.#lifecycle?.stage === "serving";
  }

  /** As SIGTERM. */
  signal(): void {
    if (this.#isUp) this.#lifecycle?.signal();
  }

  /** False: there is no drain, or it is too late. */
  undo(): boolean {
    return this.#isUp && (this.#lifecycle?.undo() ?? false);
  }

  get #isUp(): boolean {
    return this.process.isAlive && this.server !== undefined;
  }

  #startStatic(process: SimProcess, journal: Journal, lifecycle: Lifecycle): void {
    const { addresses } = this.#options;
    const server = new GameServer({ ...this.#optionsOf(process, journal, lifecycle), peers: fixedFleet([], addresses) });
    server.restore();
    this.#serve(server, process, lifecycle);
  }

  async #startInRedis(process: SimProcess, journal: Journal, lifecycle: Lifecycle): Promise<void> {
    const { around } = this.#options;
    const { clock } = process;
    const redis = endOf(around.redis as NonNullable<typeof around.redis>, process, around);
    const owner: RedisOwner = new RedisOwner({
      ...{ redis, clock, log: around.log(this.name), abandonAfterMs: around.settings.abandonAfterMs, owner: journal.id },
      address: () => this.name,
      renewedAgoMs: this.#renewedAtMs === 0 ? 0 : Math.max(0, clock.wall() - this.#renewedAtMs),
      owned: () => server,
      onRenewed: () => {
        this.#renewedAtMs = clock.wall();
      },
    });
    const server = new GameServer({
      ...this.#optionsOf(process, journal, lifecycle),
      ...{ directory: owner, membership: owner, peers: new RedisFleet(redis, clock) },
    });
    redis.start();
    await owner.begin(() => server.restore());
    this.#serve(server, process, lifecycle);
    owner.join(0);
  }

  #optionsOf(process: SimProcess, journal: Journal, lifecycle: Lifecycle): GameServerOptions {
    const { around, dial } = this.#options;
    const { clock } = process;
    return {
      ...{ settings: around.settings, games: [ledger], clock, journal, entropy: around.chance.entropy, watchdog: noWatchdog },
      ...{ log: around.log(this.name), drainLeftMs: () => lifecycle.leftMs, onChange: () => lifecycle.settle() },
      dial: (address) => dial(process, address),
    };
  }

  #serve(server: GameServer, process: SimProcess, lifecycle: Lifecycle): void {
    this.server = server;
    void lifecycle.gone.then(() => this.#leave(server, process));
  }

  async #leave(server: GameServer, process: SimProcess): Promise<void> {
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = process.clock.after(stopTimeoutMs, resolve);
    await Promise.race([server.stop().catch(unlessKilled), tooLong]);
    timer.cancel();
    if (!process.isAlive) return;
    process.exit();
    this.#options.around.network.left(process);
    if (process === this.process) this.#options.onExit(this);
  }

  /** The process stands still for so long that another one is started in its place; then it wakes up. */
  outlive(forMs: number, successorInMs: number): void {
    const { process } = this;
    process.pause(forMs);
    this.#options.around.scheduler.after(successorInMs, () => {
      if (process.isAlive && process === this.process) this.start();
    });
  }

  #openProcess(): SimProcess {
    const { around, onKilled } = this.#options;
    const process: SimProcess = around.openProcess(this.name, () => {
      if (process === this.process) onKilled(this);
      else around.network.killed(process, false);
    });
    return process;
  }
}
