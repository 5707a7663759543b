/**
 * What befalls a run: processes are killed, stand still, are cut off from each other, lose
 * power or space, are told to leave; each drawn from the seed, and each over after a while.
 */
import type { Counts } from "./counts.ts";
import type { KillPoint } from "./disk.ts";
import type { GameMachine } from "./game_machine.ts";
import type { GateMachine } from "./gate_machine.ts";
import type { SimProcess } from "./process.ts";
import { redisName } from "./redis.ts";
import type { Surroundings } from "./surroundings.ts";

const faultEveryMs = 2000;
const moveEveryMs = 1500;
const drainEveryMs = 7000;
/** Within this time after its freeze a room has usually been moved. */
const moveMsMax = 30;
/** Misfortunes add up: what is promised holds for outages within HOLD. */
const outageMsMax = 4000;
/** Rooms in play do without Redis; nobody comes back to his seat meanwhile. */
const redisOutageMsMax = 8000;

interface MisfortunesOptions {
  around: Surroundings;
  counts: Counts;
  gates: readonly GateMachine[];
  servers: readonly GameMachine[];
  /** From then on nothing befalls anybody. */
  untilMs: number;
  setWallAhead(ms: number): void;
}

export class Misfortunes {
  readonly #options: MisfortunesOptions;
  readonly #around: Surroundings;

  constructor(options: MisfortunesOptions) {
    this.#options = options;
    this.#around = options.around;
    const { moves, drains } = options.around.character;
    this.#plan(faultEveryMs, () => this.#fault());
    if (moves) this.#plan(moveEveryMs, () => this.#move());
    if (drains !== undefined) this.#plan(drainEveryMs, () => this.#drain());
  }

  /** A room has been frozen to be given away: often somebody who has a part in it dies, stands still or is cut off meanwhile. */
  onMoveStart(source: GameMachine, target: GameMachine): void {
    const { scheduler, chance } = this.#around;
    if (this.#isOver || !chance.happens(0.5)) return;
    scheduler.after(chance.between(0, moveMsMax), () => this.#disturbMove(source, target));
  }

  /** A process is dead: for how long. */
  drawDownMs(): number {
    const { chance, character } = this.#around;
    const downMs = character.isLong && chance.happens(0.2) ? chance.between(20_000, 40_000) : chance.about(1000);
    return Math.min(downMs, this.#outageMsMax);
  }

  get #isOver(): boolean {
    return this.#around.scheduler.now >= this.#options.untilMs;
  }

  get #outageMsMax(): number {
    return this.#around.character.isLong ? Number.POSITIVE_INFINITY : outageMsMax;
  }

  #plan(meanMs: number, act: () => void): void {
    const { scheduler, chance } = this.#around;
    scheduler.after(chance.about(meanMs), () => {
      if (this.#isOver) return;
      act();
      this.#plan(meanMs, act);
    });
  }

  #fault(): void {
    const { chance, character, redis } = this.#around;
    const server = chance.pick(this.#options.servers);
    const likelihood = chance.fraction();
    if (likelihood < 0.16) this.#kill(server.process);
    else if (likelihood < 0.36) this.#killInTurn(server);
    else if (likelihood < 0.48) this.#cutLink();
    else if (likelihood < 0.6) this.#partition();
    else if (likelihood < 0.68) this.#pause(chance.happens(0.3) ? this.#gate().process : server.process);
    else if (likelihood < 0.74) this.#fillDisk(server);
    else if (likelihood < 0.78) this.#options.setWallAhead(chance.pick([-3_600_000, 3_600_000, 315_360_000_000]));
    else if (likelihood < 0.84) this.#killGate();
    else if (likelihood < 0.88) this.#succeed(server);
    else if (likelihood < 0.97 && redis !== undefined) this.#disturbRedis();
    else if (character.losesPower) this.#cutPower(server);
  }

  /** One server gives a room to another. */
  #move(): void {
    const { chance } = this.#around;
    const source = chance.pick(this.#options.servers);
    const lives = [...source.disk.rooms.keys()];
    if (lives.length === 0 || !source.process.isAlive || source.server === undefined) return;
    this.#options.counts.moves += 1;
    void source.server.move(chance.pick(lives));
  }

  #disturbMove(source: GameMachine, target: GameMachine): void {
    if (this.#isOver) return;
    const { chance, redis } = this.#around;
    const server = chance.happens(0.5) ? source : target;
    const likelihood = chance.fraction();
    if (likelihood < 0.25) this.#kill(server.process);
    else if (likelihood < 0.45) this.#killInTurn(server);
    else if (likelihood < 0.55) this.#pause(server.process);
    else if (likelihood < 0.6) this.#cutLink();
    else if (likelihood < 0.7) this.#cutOff(source.name, target.name);
    else if (likelihood < 0.78) this.#partition(server.name);
    else if (likelihood < 0.86) this.#killGate();
    else if (redis !== undefined) this.#disturbRedis();
  }

  /** A server is told to leave; sometimes that is taken back, sometimes it is told again. */
  #drain(): void {
    const { scheduler, chance, character } = this.#around;
    const serving = this.#options.servers.filter(({ isServing }) => isServing);
    if (serving.length === 0) return;
    const server = chance.pick(serving);
    this.#options.counts.drains += 1;
    server.signal();
    const likelihood = chance.fraction();
    scheduler.after(chance.about(800), () => {
      if (likelihood < 0.4 && server.undo()) this.#options.counts.undone += 1;
      else if (likelihood < 0.6 && character.dissolves) server.signal();
    });
  }

  #gate(): GateMachine {
    return this.#around.chance.pick(this.#options.gates);
  }

  #kill(process: SimProcess): void {
    process.kill();
  }

  #killGate(): void {
    if (this.#around.character.killsGates) this.#kill(this.#gate().process);
  }

  /** Dies at its next commit, or in the middle of what it says after one. */
  #killInTurn({ process, disk }: GameMachine): void {
    const { chance } = this.#around;
    if (!process.isAlive) return;
    this.#options.counts.killsInTurn += 1;
    if (chance.happens(0.4)) process.killAfterSends(chance.whole(0, 5));
    else disk.killPoint = chance.pick<KillPoint>(["before commit", "after commit"]);
  }

  #cutLink(): void {
    const { network, chance } = this.#around;
    const { connections } = network;
    if (connections.length === 0) return;
    this.#options.counts.cuts += 1;
    const connection = chance.pick(connections);
    if (chance.happens(0.7)) connection.cut("cut");
    else connection.stick();
  }

  /** Two processes are cut off from each other, `one` among them if it is named. */
  #partition(one?: string): void {
    const { chance, redis } = this.#around;
    const { gates, servers } = this.#options;
    const names = [...gates, ...servers].map(({ name }) => name);
    const first = one ?? chance.pick(names);
    const others = [...names, ...(redis === undefined ? [] : [redisName, redisName])].filter((name) => name !== first);
    this.#cutOff(first, chance.pick(others));
  }

  #cutOff(first: string, second: string): void {
    const { network, chance, character } = this.#around;
    this.#options.counts.partitions += 1;
    const forMs = character.isLong && chance.happens(0.3) ? chance.between(20_000, 45_000) : chance.about(3000);
    network.partition(first, second, Math.min(forMs, second === redisName ? redisOutageMsMax : this.#outageMsMax));
  }

  #pause(process: SimProcess): void {
    this.#options.counts.pauses += 1;
    process.pause(Math.min(this.#around.chance.about(2000), this.#outageMsMax));
  }

  /** The server stands still, and is taken for dead: then there are two, and the older one must not be heard. */
  #succeed(server: GameMachine): void {
    const { chance } = this.#around;
    if (!server.isServing) return;
    this.#options.counts.successions += 1;
    const successorInMs = chance.between(100, 1000);
    server.outlive(successorInMs + chance.between(100, 2500), successorInMs);
  }

  #fillDisk({ disk }: GameMachine): void {
    if (disk.isFull) return;
    this.#options.counts.fullDisks += 1;
    disk.isFull = true;
    this.#around.scheduler.after(Math.min(this.#around.chance.about(1500), this.#outageMsMax), () => {
      disk.isFull = false;
    });
  }

  #cutPower({ process, disk }: GameMachine): void {
    this.#options.counts.powerCuts += 1;
    this.#kill(process);
    disk.losePower();
  }

  #disturbRedis(): void {
    const { chance, redis } = this.#around;
    if (redis === undefined) return;
    if (chance.happens(0.5)) this.#kill(redis.process);
    else redis.process.pause(Math.min(chance.about(2000), redisOutageMsMax));
  }
}
