/**
 * One run: gates, game servers, perhaps a Redis, players and their misfortunes, all from one
 * seed. The gates and the servers are the real ones; their clocks, randomness, disks and
 * network are ours.
 *
 *     chaos for a while ──> everything is healed ──> calm ──> the verdict
 */
import { isGone, type RoomValue, type StoredValue } from "#game_server/room_value.ts";
import type { LinkSocket } from "#link/socket.ts";
import { Chance } from "./chance.ts";
import { type Character, drawCharacter, settingsFor } from "./character.ts";
import { type Counts, noCounts } from "./counts.ts";
import type { Write } from "./disk.ts";
import { finalBook } from "./final_book.ts";
import { GameMachine } from "./game_machine.ts";
import { GateMachine } from "./gate_machine.ts";
import { type ClientListener, type ClientSocket, LedgerPlayer } from "./ledger_player.ts";
import { LogWatch } from "./log_watch.ts";
import { Misfortunes } from "./misfortunes.ts";
import { SimNetwork } from "./network.ts";
import { Killed, SimProcess } from "./process.ts";
import { redisName, SimRedis } from "./redis.ts";
import { Scheduler } from "./scheduler.ts";
import type { Surroundings } from "./surroundings.ts";
import { type FinalBook, type Line, Verdict } from "./verdict.ts";

const chaosMs = 30_000;
/** Long enough for every wait of ours to end: HOLD, the directory's learning, back-off. */
const calmMs = 40_000;
/** Long enough for every stop. */
const stopMs = 4000;
/** What a failover may lose, at most. */
const lostWritesMsMax = 1500;
/** What counts as the machines' wall clock at the start. */
const wallMs = Date.UTC(2026, 10, 21);

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly counts: Counts;
}

export interface RunOptions {
  /** What disks do with commits; see switches.ts. */
  write?(): Write;
  /** Hears every log line of every process, and every fault. */
  trace?(line: string): void;
}

/** Runs a seed to its end. The same seed gives the same run. */
export async function runSeed(seed: number, options: RunOptions = {}): Promise<RunResult> {
  return new World(seed, options).run();
}

class World {
  readonly #seed: number;
  readonly #options: RunOptions;
  readonly #chance: Chance;
  readonly #scheduler: Scheduler;
  readonly #network: SimNetwork;
  readonly #verdict: Verdict;
  readonly #watch: LogWatch;
  readonly #character: Character;
  readonly #around: Surroundings;
  readonly #redis: SimRedis | undefined;
  readonly #gates: readonly GateMachine[];
  readonly #servers: readonly GameMachine[];
  readonly #clients: readonly LedgerPlayer[];
  readonly #misfortunes: Misfortunes;
  readonly #violations: string[] = [];
  readonly #counts: Counts = { ...noCounts };
  #connections = 0;
  #wallAheadMs = 0;
  /** Redis has lost what it had acknowledged. */
  #hasRedisLost = false;

  constructor(seed: number, options: RunOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#chance = new Chance(seed);
    const chance = this.#chance;
    this.#scheduler = new Scheduler((thrown) => this.#onThrow(thrown));
    this.#network = new SimNetwork({ scheduler: this.#scheduler, chance });
    this.#character = drawCharacter(chance);
    const { losesPower, isLong, drains, dissolves } = this.#character;
    this.#verdict = new Verdict({
      ...{ forgets: losesPower, outlasts: isLong },
      dissolves: drains === undefined ? "nobody" : dissolves ? "everybody" : "the empty",
    });
    this.#watch = new LogWatch({
      ...{ counts: this.#counts, verdict: this.#verdict, losesPower },
      isPardoned: () => this.#hasRedisLost,
      bookOf: (life) => this.#bookOf(life),
      onMoveStart: (name, to) => this.#onMoveStart(name, to),
      trace: (name, what) => this.#trace(name, what),
    });
    this.#redis = this.#character.isCluster ? this.#openRedis() : undefined;
    this.#around = {
      ...{ seed, scheduler: this.#scheduler, chance, network: this.#network, character: this.#character, redis: this.#redis },
      settings: settingsFor(this.#character),
      openProcess: (name, onKilled) => this.#openProcess(name, onKilled),
      log: (name) => this.#watch.log(name),
      trace: (name, what) => this.#trace(name, () => what),
    };
    const addresses = Array.from({ length: this.#character.servers }, (_, at) => `server ${at + 1}`);
    this.#servers = addresses.map((name) => this.#addServer(name, addresses));
    this.#gates = (this.#character.isCluster ? ["gate 1", "gate 2"] : ["gate"]).map((name) => this.#addGate(name, addresses));
    for (const machine of [...this.#servers, ...this.#gates]) machine.start();
    const rooms = ["", ...Array.from({ length: chance.whole(1, 4) }, (_, at) => String(at + 1))];
    this.#clients = Array.from({ length: chance.whole(3, 10) }, (_, at) => this.#addClient(at + 1, rooms));
    this.#misfortunes = new Misfortunes({
      ...{ around: this.#around, counts: this.#counts, gates: this.#gates, servers: this.#servers, untilMs: chaosMs },
      setWallAhead: (ms) => {
        this.#wallAheadMs = ms;
      },
    });
  }

  async run(): Promise<RunResult> {
    this.#trace("world", () => JSON.stringify(this.#character));
    await this.#scheduler.run(chaosMs);
    this.#heal();
    await this.#scheduler.run(chaosMs + calmMs);
    this.#judge();
    const { inputs, receipts } = this.#verdict;
    this.#violations.push(...this.#verdict.violations, ...this.#watch.violations);
    await this.#stop();
    const counts = { ...this.#counts, events: this.#scheduler.count, inputs, receipts };
    return { seed: this.#seed, violations: this.#violations, counts };
  }

  // The parts.

  #openProcess(name: string, onKilled: () => void): SimProcess {
    return new SimProcess(name, {
      ...{ scheduler: this.#scheduler, chance: this.#chance, onKilled },
      wallMs: () => wallMs + this.#wallAheadMs,
    });
  }

  /** One that has been up for so long that it is not learning any more. */
  #openRedis(): SimRedis {
    const redis = new SimRedis(
      this.#openProcess(redisName, () => this.#redisOnKilled()),
      {
        now: () => wallMs + this.#scheduler.now,
        needsReplicas: this.#character.redisLoses === "last writes",
      },
    );
    redis.memory.run(0, "fleet", ["", "first", "0"]);
    redis.memory.learned();
    return redis;
  }

  #addServer(name: string, addresses: readonly string[]): GameMachine {
    return new GameMachine(name, {
      ...{ around: this.#around, addresses, write: this.#options.write },
      dial: (from, address) => this.#dial(from, address),
      onKilled: (machine) => this.#serverOnKilled(machine),
      onExit: (machine) => this.#serverOnExit(machine),
    });
  }

  #addGate(name: string, addresses: readonly string[]): GateMachine {
    return new GateMachine(name, {
      ...{ around: this.#around, addresses },
      dial: (from, address) => this.#dial(from, address),
      onKilled: (machine) => this.#gateOnKilled(machine),
    });
  }

  #dial(from: SimProcess, address: string): Promise<LinkSocket> {
    const server = this.#servers.find(({ name }) => name === address);
    return this.#network.dial(
      from,
      () => (server?.server === undefined ? undefined : server.process),
      (socket) => server?.server?.accept(socket),
    );
  }

  #addClient(user: number, rooms: readonly string[]): LedgerPlayer {
    const add = (line: Line): void => {
      this.#trace(`user ${user}`, () => JSON.stringify({ ...line, atMs: undefined, user: undefined }));
      this.#verdict.add(line);
    };
    return new LedgerPlayer(user, {
      ...{ scheduler: this.#scheduler, chance: this.#chance, verdict: { add }, rooms },
      connect: (who, listener) => this.#connect(who, listener),
      nextConnection: () => ++this.#connections,
    });
  }

  /** Through any gate that lets it in. */
  #connect(user: number, listener: ClientListener): ClientSocket | undefined {
    const at = this.#chance.whole(0, this.#gates.length - 1);
    for (const { door } of [...this.#gates.slice(at), ...this.#gates.slice(0, at)]) {
      const socket = door?.connect(user, listener);
      if (socket !== undefined) return socket;
    }
    return undefined;
  }

  // Ends, and beginnings anew.

  #serverOnKilled(machine: GameMachine): void {
    this.#counts.kills += 1;
    if (this.#watch.isMoving(machine.name, machine.disk.id)) this.#counts.killsInMove += 1;
    this.#watch.died(machine.name);
    machine.disk.killPoint = undefined;
    this.#trace(machine.name, () => "killed");
    this.#network.killed(machine.process, this.#chance.happens(0.2));
    this.#startLater(machine);
  }

  /** As after a rollout. */
  #serverOnExit(machine: GameMachine): void {
    this.#counts.exits += 1;
    const { pending } = machine.process;
    if (pending > 0) this.#violations.push(`V7 ${machine.name} has ${pending} timers left when it has exited`);
    this.#watch.died(machine.name);
    this.#trace(machine.name, () => "exited");
    this.#startLater(machine);
  }

  #gateOnKilled(machine: GateMachine): void {
    this.#counts.gateKills += 1;
    if (this.#watch.isMoving()) this.#counts.killsInMove += 1;
    this.#trace(machine.name, () => "killed");
    this.#network.killed(machine.process, this.#chance.happens(0.2));
    machine.door?.crash();
    this.#startLater(machine);
  }

  #startLater(machine: GameMachine | GateMachine): void {
    this.#scheduler.after(this.#misfortunes.drawDownMs(), () => restart(machine));
  }

  /** It comes back with what it knew, or with what its character leaves of that. */
  #redisOnKilled(): void {
    const redis = this.#redis;
    if (redis === undefined) return;
    this.#counts.redisKills += 1;
    this.#trace(redisName, () => "killed");
    this.#network.killed(redis.process, this.#chance.happens(0.2));
    if (this.#chance.happens(0.7)) this.#loseWrites(redis);
    this.#scheduler.after(this.#misfortunes.drawDownMs(), () => this.#restartRedis());
  }

  #loseWrites({ memory }: SimRedis): void {
    const { redisLoses } = this.#character;
    if (redisLoses === "nothing") return;
    this.#hasRedisLost = true;
    this.#trace(redisName, () => `loses its ${redisLoses}`);
    if (redisLoses === "memory") {
      this.#counts.redisForgets += 1;
      memory.forget();
    } else {
      this.#counts.redisGoesBack += 1;
      memory.goBackTo(wallMs + this.#scheduler.now - this.#chance.about(lostWritesMsMax / 4));
    }
  }

  #restartRedis(): void {
    const redis = this.#redis;
    if (redis === undefined || redis.process.isAlive) return;
    redis.process = this.#openProcess(redisName, () => this.#redisOnKilled());
    this.#trace(redisName, () => "started");
  }

  #onMoveStart(name: string, to: string): void {
    const source = this.#servers.find((server) => server.name === name);
    const target = this.#servers.find(({ disk }) => disk.id === to);
    if (source !== undefined && target !== undefined) this.#misfortunes.onMoveStart(source, target);
  }

  #heal(): void {
    this.#trace("world", () => "healed");
    this.#network.heal();
    this.#restartRedis();
    for (const server of this.#servers) {
      server.disk.isFull = false;
      server.disk.killPoint = undefined;
      server.process.killAfterSends(Number.POSITIVE_INFINITY);
      server.undo();
    }
    for (const machine of [...this.#servers, ...this.#gates]) restart(machine);
    for (const client of this.#clients) client.calm();
  }

  // The end.

  #judge(): void {
    const books = this.#finalBooks();
    this.#verdict.end({ books, ended: this.#watch.ended });
    for (const client of this.#clients) if (!client.isSeated) this.#violations.push(`V1 user ${client.user} does not get a seat`);
    if (!this.#character.isLong) this.#judgeDirectory(books.filter(({ isOver }) => !isOver));
  }

  #judgeDirectory(rooms: readonly FinalBook[]): void {
    const lives = this.#redis?.memory.lives ?? this.#gates[0]?.kept?.lives ?? 0;
    if (lives !== rooms.length) this.#violations.push(`V7 the directory has ${lives} lives, the journals ${rooms.length}`);
    const users = rooms.flatMap((room) => room.users).length;
    const known = this.#redis?.memory.users ?? users;
    if (known !== users) this.#violations.push(`V7 the directory has ${known} users, the journals ${users}`);
  }

  /** Every room of every journal. */
  #finalBooks(): FinalBook[] {
    return this.#servers.flatMap(({ name: owner, disk }) =>
      [...disk.rooms.values()].flatMap((json) => {
        const value = JSON.parse(json) as StoredValue;
        if (isGone(value)) return [];
        if (value.passage !== undefined) this.#violations.push(`V7 ${owner} still has ${value.room} ${value.passage.is}`);
        if (value.passage?.is === "incoming") return [];
        const waiting = value.seats.filter(({ way }) => way.is !== "online");
        for (const { user, way } of waiting) this.#violations.push(`P4 everybody is back, and user ${user} is ${way.is}`);
        return finalBook(value);
      }),
    );
  }

  #bookOf(life: string): number | undefined {
    for (const { disk } of this.#servers) {
      const json = disk.rooms.get(life);
      const value = json === undefined ? undefined : (JSON.parse(json) as StoredValue);
      if (value !== undefined && !isGone(value)) return finalBook(value as RoomValue).book;
    }
    return undefined;
  }

  async #stop(): Promise<void> {
    const machines = [...this.#gates, ...this.#servers];
    const stopping = [...this.#gates.map(({ gate }) => gate?.stop()), ...this.#servers.map(({ server }) => server?.stop())];
    await this.#scheduler.run(this.#scheduler.now + stopMs);
    await Promise.all(stopping);
    for (const { name, process } of machines) {
      if (process.pending > 0) this.#violations.push(`V7 ${name} has ${process.pending} timers left when it has stopped`);
    }
  }

  #onThrow(thrown: unknown): void {
    if (thrown instanceof Killed) return;
    this.#violations.push(`V8 ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
  }

  #trace(name: string, what: () => string): void {
    this.#options.trace?.(`${this.#scheduler.now.toFixed(2).padStart(9)}  ${name.padEnd(9)} ${what()}`);
  }
}

function restart(machine: GameMachine | GateMachine): void {
  if (!machine.process.isAlive) machine.start();
}
