/**
 * One run: a gate, game servers, players and their misfortunes, all from one seed. The gate
 * and the servers are the real ones; their clocks, randomness, disks and network are ours.
 *
 *     chaos for a while ──> everything is healed ──> calm ──> the verdict
 */
import { MemoryDirectory } from "#fleet/directory_memory.ts";
import { fixedFleet } from "#fleet/fleet.ts";
import { GameServer } from "#game_server/game_server.ts";
import { isGone, type StoredValue } from "#game_server/room_value.ts";
import { noWatchdog } from "#game_server/watchdog.ts";
import { Gate } from "#gate_server/gate.ts";
import type { Log, LogEvent, LogFields } from "#runtime/log.ts";
import { readSettings } from "#runtime/settings.ts";
import { Chance } from "./chance.ts";
import { type KillPoint, SimDisk, type Write } from "./disk.ts";
import { SimDoor } from "./door.ts";
import { finalBook } from "./final_book.ts";
import { ledger, readEnded } from "./ledger.ts";
import { LedgerPlayer } from "./ledger_player.ts";
import { SimNetwork } from "./network.ts";
import { Killed, SimProcess } from "./process.ts";
import { Scheduler } from "./scheduler.ts";
import { type FinalBook, Verdict } from "./verdict.ts";

const chaosMs = 30_000;
/** Long enough for every wait of ours to end: HOLD, the directory's learning, back-off. */
const calmMs = 40_000;
const holdMs = 20_000;
const faultEveryMs = 2500;
const moveEveryMs = 1500;
/** Within this time after its freeze a room has usually been moved. */
const moveMsMax = 25;
/** What counts as the machine's wall clock at the start. */
const wallMs = Date.UTC(2026, 10, 21);

const settings = readSettings({
  ...{ HOLD: `${holdMs / 1000}s`, PONG_TIMEOUT: "5s", MESSAGES_PER_SECOND: "0", DRAIN_WINDOW: "0", PORT: "0" },
});

/** What kinds of misfortune a run has beyond the ordinary. */
interface Character {
  /** Power cuts that lose unsynced turns. */
  readonly losesPower: boolean;
  /** Cuts that last longer than HOLD. */
  readonly isLong: boolean;
  /** The gate is killed too. */
  readonly killsGate: boolean;
  /** Rooms are moved. */
  readonly moves: boolean;
}

export interface Counts {
  events: number;
  inputs: number;
  receipts: number;
  kills: number;
  killsInTurn: number;
  gateKills: number;
  cuts: number;
  partitions: number;
  pauses: number;
  fullDisks: number;
  powerCuts: number;
  restored: number;
  resumed: number;
  moves: number;
  moved: number;
  movedBack: number;
  killsInMove: number;
}

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

interface Server {
  readonly name: string;
  readonly disk: SimDisk;
  process: SimProcess;
  server: GameServer | undefined;
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
  readonly #character: Character;
  readonly #servers: Server[];
  readonly #clients: LedgerPlayer[];
  readonly #ended = new Map<number, readonly number[]>();
  readonly #violations: string[] = [];
  readonly #counts: Counts = {
    ...{ events: 0, inputs: 0, receipts: 0, kills: 0, killsInTurn: 0, gateKills: 0, cuts: 0 },
    ...{ partitions: 0, pauses: 0, fullDisks: 0, powerCuts: 0, restored: 0, resumed: 0, moves: 0, moved: 0, movedBack: 0, killsInMove: 0 },
  };
  #gateProcess: SimProcess;
  #gate: Gate | undefined;
  #door: SimDoor | undefined;
  #directory: MemoryDirectory | undefined;
  #connections = 0;
  #wallAheadMs = 0;

  constructor(seed: number, options: RunOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#chance = new Chance(seed);
    const chance = this.#chance;
    this.#scheduler = new Scheduler((thrown) => this.#onThrow(thrown));
    this.#network = new SimNetwork({ scheduler: this.#scheduler, chance });
    this.#character = {
      losesPower: chance.happens(0.1),
      isLong: chance.happens(0.15),
      killsGate: chance.happens(0.25),
      moves: chance.happens(0.6),
    };
    this.#verdict = new Verdict({ forgets: this.#character.losesPower, outlasts: this.#character.isLong });
    this.#gateProcess = this.#openProcess("gate", () => this.#gateOnKilled());
    this.#servers = Array.from({ length: chance.whole(1, 3) }, (_, at) => this.#addServer(`server ${at + 1}`));
    for (const server of this.#servers) this.#startServer(server);
    this.#startGate();
    const rooms = ["", ...Array.from({ length: chance.whole(1, 4) }, (_, at) => String(at + 1))];
    this.#clients = Array.from({ length: chance.whole(3, 10) }, (_, at) => this.#addClient(at + 1, rooms));
    this.#plan(faultEveryMs, () => this.#fault());
    if (this.#character.moves) this.#plan(moveEveryMs, () => this.#move());
  }

  async run(): Promise<RunResult> {
    await this.#scheduler.run(chaosMs);
    this.#heal();
    await this.#scheduler.run(chaosMs + calmMs);
    this.#judge();
    const { inputs, receipts } = this.#verdict;
    this.#violations.push(...this.#verdict.violations);
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

  #addServer(name: string): Server {
    const server: Server = {
      ...{ name, disk: new SimDisk(this.#chance, new Chance(this.#seed, 1), this.#options.write), server: undefined },
      process: this.#openProcess(name, () => this.#serverOnKilled(server)),
    };
    return server;
  }

  #startServer(server: Server): void {
    server.process = this.#openProcess(server.name, () => this.#serverOnKilled(server));
    const { process, disk } = server;
    const { clock } = process;
    const games = [ledger];
    const journal = disk.open(process);
    const started = new GameServer({
      ...{ settings, games, clock, journal, entropy: this.#chance.entropy, log: this.#log(server.name), watchdog: noWatchdog },
      ...{ drainLeftMs: () => undefined, onChange: () => {}, dial: (name: string) => this.#dial(process, name) },
      peers: fixedFleet(
        [],
        this.#servers.map(({ name: peer }) => peer),
      ),
    });
    started.restore();
    server.server = started;
    this.#trace(server.name, `started, boot ${journal.boot}`);
  }

  #startGate(): void {
    this.#gateProcess = this.#openProcess("gate", () => this.#gateOnKilled());
    const process = this.#gateProcess;
    const directory = new MemoryDirectory(process.clock);
    this.#directory = directory;
    this.#gate = new Gate({
      ...{ settings, port: 0, clock: process.clock, entropy: this.#chance.entropy, log: this.#log("gate"), directory, kept: directory },
      fleet: fixedFleet(
        [ledger.name],
        this.#servers.map(({ name }) => name),
      ),
      dial: (name) => this.#dial(process, name),
      openDoor: ({ onPlayer }) => {
        this.#door = new SimDoor({ scheduler: this.#scheduler, chance: this.#chance, process, onPlayer });
        return this.#door;
      },
      onChange: () => {},
    });
    void this.#gate.start();
    this.#trace("gate", "started");
  }

  #dial(from: SimProcess, name: string) {
    const server = this.#servers.find((candidate) => candidate.name === name);
    return this.#network.dial(
      from,
      () => server?.process,
      (socket) => server?.server?.accept(socket),
    );
  }

  #addClient(user: number, rooms: readonly string[]): LedgerPlayer {
    return new LedgerPlayer(user, {
      ...{ scheduler: this.#scheduler, chance: this.#chance, verdict: this.#verdict, rooms },
      connect: (who, listener) => this.#door?.connect(who, listener),
      nextConnection: () => ++this.#connections,
    });
  }

  // Misfortunes.

  #plan(meanMs: number, act: () => void): void {
    this.#scheduler.after(this.#chance.about(meanMs), () => {
      if (this.#scheduler.now >= chaosMs) return;
      act();
      this.#plan(meanMs, act);
    });
  }

  #fault(): void {
    const chance = this.#chance;
    const server = chance.pick(this.#servers);
    const likelihood = chance.fraction();
    if (likelihood < 0.2) this.#killServer(server);
    else if (likelihood < 0.45) this.#killInTurn(server);
    else if (likelihood < 0.6) this.#cutLink();
    else if (likelihood < 0.72) this.#partition(server);
    else if (likelihood < 0.8) this.#pause(chance.happens(0.3) ? this.#gateProcess : server.process);
    else if (likelihood < 0.88) this.#fillDisk(server);
    else if (likelihood < 0.92) this.#wallAheadMs = chance.pick([-3_600_000, 3_600_000, 315_360_000_000]);
    else if (likelihood < 0.96 && this.#character.killsGate) this.#gateProcess.kill();
    else if (this.#character.losesPower) this.#cutPower(server);
  }

  /** One server gives a room to another; often somebody who has a part in it dies, stands still or is cut off meanwhile. */
  #move(): void {
    const chance = this.#chance;
    const source = chance.pick(this.#servers);
    const lives = [...source.disk.rooms.keys()];
    if (lives.length === 0 || !source.process.isAlive || source.server === undefined) return;
    this.#counts.moves += 1;
    void source.server.move(chance.pick(lives));
    if (chance.happens(0.5)) this.#scheduler.after(chance.between(0, moveMsMax), () => this.#disturbMove(source));
  }

  #disturbMove(source: Server): void {
    const chance = this.#chance;
    const server = chance.happens(0.5) ? source : chance.pick(this.#servers);
    const likelihood = chance.fraction();
    if (likelihood < 0.3) this.#killServer(server);
    else if (likelihood < 0.55) this.#killInTurn(server);
    else if (likelihood < 0.7) this.#pause(server.process);
    else if (likelihood < 0.8) this.#cutLink();
    else if (likelihood < 0.95) this.#network.partition(source.name, chance.pick(this.#servers).name, chance.about(1500));
    else if (this.#character.killsGate) this.#gateProcess.kill();
  }

  #killServer(server: Server): void {
    if (server.process.isAlive) server.process.kill();
  }

  /** Dies at its next commit, or in the middle of what it says after one. */
  #killInTurn(server: Server): void {
    if (!server.process.isAlive) return;
    this.#counts.killsInTurn += 1;
    if (this.#chance.happens(0.4)) server.process.killAfterSends(this.#chance.whole(0, 5));
    else server.disk.killPoint = this.#chance.pick<KillPoint>(["before commit", "after commit"]);
  }

  #cutLink(): void {
    const { connections } = this.#network;
    if (connections.length === 0) return;
    this.#counts.cuts += 1;
    const connection = this.#chance.pick(connections);
    if (this.#chance.happens(0.7)) connection.cut("cut");
    else connection.stick();
  }

  #partition(server: Server): void {
    this.#counts.partitions += 1;
    const forMs = this.#character.isLong && this.#chance.happens(0.3) ? this.#chance.between(20_000, 45_000) : this.#chance.about(3000);
    this.#network.partition("gate", server.name, Math.min(forMs, this.#maxOutageMs));
  }

  #pause(process: SimProcess): void {
    this.#counts.pauses += 1;
    process.pause(Math.min(this.#chance.about(2000), this.#maxOutageMs));
  }

  #fillDisk(server: Server): void {
    if (server.disk.isFull) return;
    this.#counts.fullDisks += 1;
    server.disk.isFull = true;
    this.#scheduler.after(Math.min(this.#chance.about(1500), this.#maxOutageMs), () => {
      server.disk.isFull = false;
    });
  }

  #cutPower(server: Server): void {
    this.#counts.powerCuts += 1;
    this.#killServer(server);
    server.disk.losePower();
  }

  /** Misfortunes add up: what is promised holds for outages within HOLD. */
  get #maxOutageMs(): number {
    return this.#character.isLong ? Number.POSITIVE_INFINITY : 4000;
  }

  #serverOnKilled(server: Server): void {
    this.#counts.kills += 1;
    server.disk.killPoint = undefined;
    this.#trace(server.name, "killed");
    this.#network.killed(server.process, this.#chance.happens(0.2));
    const downMs = this.#character.isLong && this.#chance.happens(0.2) ? this.#chance.between(20_000, 40_000) : this.#chance.about(1000);
    this.#scheduler.after(Math.min(downMs, this.#maxOutageMs), () => this.#restartServer(server));
  }

  #gateOnKilled(): void {
    this.#counts.gateKills += 1;
    this.#trace("gate", "killed");
    this.#network.killed(this.#gateProcess, false);
    this.#door?.crash();
    this.#scheduler.after(this.#chance.about(1000), () => this.#restartGate());
  }

  #restartServer(server: Server): void {
    if (!server.process.isAlive) this.#startServer(server);
  }

  #restartGate(): void {
    if (!this.#gateProcess.isAlive) this.#startGate();
  }

  #heal(): void {
    this.#trace("world", "healed");
    this.#network.heal();
    for (const server of this.#servers) {
      server.disk.isFull = false;
      server.disk.killPoint = undefined;
      server.process.killAfterSends(Number.POSITIVE_INFINITY);
      this.#restartServer(server);
    }
    this.#restartGate();
    for (const client of this.#clients) client.calm();
  }

  // The end.

  #judge(): void {
    const books = this.#finalBooks();
    this.#verdict.end({ books, ended: this.#ended });
    for (const client of this.#clients) if (!client.isSeated) this.#violations.push(`V1 user ${client.user} does not get a seat`);
    const rooms = books.filter(({ isOver }) => !isOver).length;
    const { lives = 0 } = this.#directory ?? {};
    if (lives !== rooms && !this.#character.isLong) this.#violations.push(`V7 the directory has ${lives} lives, the journals ${rooms}`);
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

  #noteEnd(text: string): void {
    const ended = readEnded(text);
    if (ended !== undefined) this.#ended.set(ended.book, ended.bound);
  }

  async #stop(): Promise<void> {
    await this.#gate?.stop();
    for (const { server } of this.#servers) await server?.stop();
    await this.#scheduler.run(this.#scheduler.now + 10);
    for (const { name, pending } of [this.#gateProcess, ...this.#servers.map(({ process }) => process)]) {
      if (pending > 0) this.#violations.push(`V7 ${name} has ${pending} timers left when it has stopped`);
    }
  }

  #onThrow(thrown: unknown): void {
    if (thrown instanceof Killed) return;
    this.#violations.push(`V8 ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
  }

  #log(name: string): Log {
    const say = (level: string, event: LogEvent, fields: LogFields = {}): void => {
      this.#note(name, event, fields);
      this.#trace(name, `${level} ${event} ${this.#options.trace && JSON.stringify(fields)}`);
    };
    const log = (context: LogFields): Log => ({
      debug: (event, fields) => say("debug", event, { ...context, ...fields }),
      info: (event, fields) => say("info", event, { ...context, ...fields }),
      warn: (event, fields) => say("warn", event, { ...context, ...fields }),
      error: (event, fields) => say("error", event, { ...context, ...fields }),
      with: (fields) => log({ ...context, ...fields }),
    });
    return log({});
  }

  /** What the verdict must know of a log line. */
  #note(name: string, event: LogEvent, fields: LogFields): void {
    switch (event) {
      case "room restore":
        this.#counts.restored += 1;
        return;
      case "room resumed":
        this.#counts.resumed += 1;
        return;
      case "move end":
        this.#counts.moved += 1;
        return;
      case "move back":
        this.#counts.movedBack += 1;
        return;
      case "game":
        return this.#noteEnd(fields["game.text"] ?? "");
      case "outputs gone":
      case "room lost":
        return this.#verdict.pardon(fields.users ?? 0);
      case "inputs forgotten":
        if (!this.#character.losesPower) this.#violations.push(`V2 ${name}: ${event} ${fields["event.reason"]}`);
        return;
      case "room crash":
      case "failure":
        this.#violations.push(`V8 ${name}: ${event} ${String(fields.err)}`);
    }
  }

  #trace(name: string, what: string): void {
    this.#options.trace?.(`${this.#scheduler.now.toFixed(2).padStart(9)}  ${name.padEnd(9)} ${what}`);
  }
}
