/**
 * A gate and two game servers in this process, on a clock that a test moves: rooms move from
 * one to the other while each way between two of them may be held up or cut, either server
 * killed and started again, and the directory's answers lost or its work done late.
 */
import { setImmediate as immediate } from "node:timers/promises";
import type { ListenerOptions } from "#door/listener.ts";
import type { DirectoryForGates, DirectoryForServers, Life } from "#fleet/directory.ts";
import { MemoryDirectory } from "#fleet/directory_memory.ts";
import { fixedFleet } from "#fleet/fleet.ts";
import type { Game } from "#game_server/game.ts";
import { GameServer } from "#game_server/game_server.ts";
import { noWatchdog } from "#game_server/watchdog.ts";
import { Gate } from "#gate_server/gate.ts";
import type { LinkSocket } from "#link/socket.ts";
import { memoryPair } from "#link/socket_memory.ts";
import { Refused } from "#protocol/refusals.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";
import { readSettings } from "#runtime/settings.ts";
import { FakeDisk } from "./fake_disk.ts";
import { FakePlayer } from "./fake_player.ts";

type Place = "a" | "b";
/** Who says something to whom. */
type Way = `${Place | "gate"}>${Place | "gate"}`;

const settledTurns = 20;

interface House {
  readonly disk: FakeDisk;
  server: GameServer;
  isUp: boolean;
  readonly links: Map<LinkSocket, Way>;
}

export class TwoServers {
  readonly clock = new ManualClock();
  readonly gate: Gate;
  readonly a: House;
  readonly b: House;
  /** Commands of the directory that were not answered, and have not been run yet. */
  readonly late: (() => Promise<unknown>)[] = [];
  /** From now on moves are not answered: they are run at once, or later, when the test does. */
  moves: "answered" | "answer lost" | "late" = "answered";
  /** Ways that are held up from the next compare-and-set on. */
  heldFromMove: Way[] = [];
  /** Whether the gate, and the servers, can ask where a life is. */
  isDirectoryUp = true;
  readonly #game: Game<unknown>;
  readonly #directory = new MemoryDirectory(this.clock);
  readonly #context;
  /** What waits on a way that is held up. */
  readonly #held = new Map<Way, (() => void)[]>();
  #onPlayer: ListenerOptions["onPlayer"] | undefined;

  private constructor(game: Game<unknown>) {
    const settings = readSettings({ DRAIN_WINDOW: "0", MESSAGES_PER_SECOND: "0", PONG_TIMEOUT: "0" });
    this.#game = game;
    this.#context = { settings, clock: this.clock, entropy: systemEntropy, log: silentLog, onChange: () => {} };
    this.a = this.#house("a");
    this.b = this.#house("b");
    this.gate = new Gate({
      ...{ ...this.#context, port: 0, directory: this.#forGates, fleet: fixedFleet([game.name], ["a", "b"]) },
      dial: async (to) => this.#dial("gate", to as Place),
      openDoor: ({ onPlayer }) => {
        this.#onPlayer = onPlayer;
        return { listen: async () => 0, refuseNew: () => {}, acceptNew: () => {}, close: async () => {} };
      },
    });
  }

  static async open(game: Game<unknown>): Promise<TwoServers> {
    const servers = new TwoServers(game);
    await servers.gate.start();
    await servers.settle();
    return servers;
  }

  player(user: number): FakePlayer {
    const player = new FakePlayer();
    this.#onPlayer?.(player, { user, claims: "{}", expiresAtMs: undefined }, "test");
    return player;
  }

  /** Begins to give the only room of `from` to the other server. */
  async move(from: Place): Promise<void> {
    const [one] = this[from].server.announcement();
    void this[from].server.move(one?.life.life ?? "");
    await this.settle();
  }

  /** Who plays the room: whose journal has it, on no way to anybody else. */
  owners(room: string): Place[] {
    const plays = (place: Place): boolean => {
      const value = this[place].disk.written(room);
      return value !== undefined && value.passage === undefined;
    };
    return (["a", "b"] as const).filter(plays);
  }

  /** Where the directory says the only life is. */
  async known(): Promise<{ owner: Place; epoch: number } | undefined> {
    const lives = [...this.a.disk.rooms.keys(), ...this.b.disk.rooms.keys()];
    const found = await this.#directory.where(lives[0] ?? "");
    return found && { owner: found.life.owner === this.a.disk.id ? "a" : "b", epoch: found.life.epoch };
  }

  hold(...ways: Way[]): void {
    for (const way of ways) this.#held.set(way, []);
  }

  async release(...ways: Way[]): Promise<void> {
    for (const way of ways) {
      const waiting = this.#held.get(way) ?? [];
      this.#held.delete(way);
      for (const arrive of waiting) arrive();
    }
    await this.settle();
  }

  /** The process is gone, and what it had said and nobody had heard, until `restart`. */
  async kill(place: Place): Promise<void> {
    const house = this[place];
    house.isUp = false;
    for (const [way, waiting] of this.#held) if (way.includes(place)) waiting.length = 0;
    for (const link of [...house.links.keys()]) link.cut();
    house.links.clear();
    await this.settle();
  }

  /** Links that were dialled this way are lost, and what was held up on them. */
  async cut(from: Place | "gate", to: Place): Promise<void> {
    for (const way of [`${from}>${to}`, `${to}>${from}`] as const) this.#held.get(way)?.splice(0);
    for (const [link, way] of this[to].links) if (way === `${from}>${to}`) link.cut();
    await this.settle();
  }

  async restart(place: Place): Promise<void> {
    this[place].server = this.#start(place, this[place].disk);
    this[place].isUp = true;
    await this.settle();
  }

  async runLate(): Promise<void> {
    for (const run of this.late.splice(0)) await run().catch(() => {});
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < settledTurns; turn++) await immediate();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.settle();
  }

  #house(place: Place): House {
    const disk = new FakeDisk(`00000000000000a${place}`);
    return { disk, server: this.#start(place, disk), isUp: true, links: new Map() };
  }

  #start(place: Place, disk: FakeDisk): GameServer {
    const server = new GameServer({
      ...{ ...this.#context, games: [this.#game], journal: disk.open(), watchdog: noWatchdog, drainLeftMs: () => undefined },
      ...{ directory: this.#forServers, peers: fixedFleet([], ["a", "b"]) },
      dial: async (to) => this.#dial(place, to as Place),
    });
    server.restore();
    return server;
  }

  #dial(from: Place | "gate", to: Place): LinkSocket {
    if (!this[to].isUp) throw new Error("nobody answers");
    const [here, there] = memoryPair(this.clock);
    this.#slow(here, `${from}>${to}`);
    this.#slow(there, `${to}>${from}`);
    for (const house of [this[to], ...(from === "gate" ? [] : [this[from]])]) house.links.set(here, `${from}>${to}`);
    this[to].server.accept(there);
    return here;
  }

  #slow(socket: LinkSocket, way: Way): void {
    const send = socket.send.bind(socket);
    socket.send = (batch) => {
      const waiting = this.#held.get(way);
      if (waiting === undefined || batch.length === 0)
        send(batch); // a beat: the way is slow, not dead
      else waiting.push(() => send(batch));
    };
  }

  get #forGates(): DirectoryForGates {
    return {
      find: (user, game, room) => this.#directory.find(user, game, room),
      where: async (life) => this.#where(life),
      abandon: (owner) => this.#directory.abandon(owner),
    };
  }

  get #forServers(): DirectoryForServers {
    const directory = this.#directory;
    return {
      isReachable: true,
      claim: (life, user) => directory.claim(life, user),
      release: (life, user) => directory.release(life, user),
      end: (life) => directory.end(life),
      move: (from, to, offer) => this.#move(from, to, offer),
      keep: () => directory.keep(),
      where: async (life) => this.#where(life),
      raise: (life) => directory.raise(life),
    };
  }

  #where(life: string): ReturnType<MemoryDirectory["where"]> {
    if (!this.isDirectoryUp) throw new Refused("tryAgain");
    return this.#directory.where(life);
  }

  async #move(from: Life, to: Life, offer: string): Promise<"moved" | "lost"> {
    const run = (): Promise<"moved" | "lost"> => this.#directory.move(from, to, offer);
    this.hold(...this.heldFromMove);
    if (this.moves === "answered") return run();
    if (this.moves === "answer lost") await run();
    else this.late.push(run);
    throw new Refused("tryAgain");
  }
}
