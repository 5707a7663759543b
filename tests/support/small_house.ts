/**
 * A gate and one game server in this process, on a clock that a test moves, with players
 * who have no sockets and a disk that can be full: what happens at the edges of a turn, a
 * link or a stall can be put in order, message by message.
 */
import { setImmediate as immediate } from "node:timers/promises";
import type { Door, ListenerOptions } from "#door/listener.ts";
import { MemoryDirectory } from "#fleet/directory_memory.ts";
import { fixedFleet } from "#fleet/fleet.ts";
import type { Game } from "#game_server/game.ts";
import { GameServer } from "#game_server/game_server.ts";
import type { RoomValue } from "#game_server/room_value.ts";
import { noWatchdog } from "#game_server/watchdog.ts";
import { Gate } from "#gate_server/gate.ts";
import type { LinkSocket } from "#link/socket.ts";
import { memoryPair } from "#link/socket_memory.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { type Entropy, systemEntropy } from "#runtime/entropy.ts";
import { type Log, silentLog } from "#runtime/log.ts";
import { readSettings } from "#runtime/settings.ts";
import { FakeDisk } from "./fake_disk.ts";
import { FakePlayer } from "./fake_player.ts";

const settled = 12;

interface SmallHouseOptions {
  readonly log?: Log;
  /** What lives and boots are called. */
  readonly entropy?: Entropy;
}

export class SmallHouse {
  readonly clock = new ManualClock();
  readonly disk = new FakeDisk();
  readonly gate: Gate;
  #games: readonly Game<unknown>[];
  readonly #context;
  #server: GameServer;
  #isUp = true;
  #link: LinkSocket | undefined;
  /** The other end of it. */
  #serverEnd: LinkSocket | undefined;
  /** Reaches another game server, to which rooms may go. */
  #dialPeer: (() => LinkSocket) | undefined;
  #onPlayer: ListenerOptions["onPlayer"] | undefined;
  /** What the gate says waits here while it is on its way. */
  #underWay: (() => void)[] | undefined;

  private constructor(game: Game<unknown>, env: Record<string, string>, { log = silentLog, entropy = systemEntropy }: SmallHouseOptions) {
    const settings = readSettings({ DRAIN_WINDOW: "0", MESSAGES_PER_SECOND: "0", PONG_TIMEOUT: "0", ...env });
    const { clock } = this;
    this.#games = [game];
    this.#context = { settings, clock, entropy, log, onChange: () => {} };
    this.#server = this.#open();
    const directory = new MemoryDirectory(clock);
    this.gate = new Gate({
      ...{ ...this.#context, port: 0, directory, kept: directory, fleet: fixedFleet([game.name], ["a"]) },
      dial: async () => this.#dial(),
      openDoor: (options) => this.#openDoor(options),
    });
  }

  static async open(game: Game<unknown>, env: Record<string, string> = {}, options: SmallHouseOptions = {}): Promise<SmallHouse> {
    const house = new SmallHouse(game, env, options);
    await house.gate.start();
    await house.gate.linked;
    await house.settle();
    return house;
  }

  get server(): GameServer {
    return this.#server;
  }

  player(user: number): FakePlayer {
    const player = new FakePlayer();
    this.#onPlayer?.(player, { user, claims: "{}", expiresAtMs: undefined }, "test");
    return player;
  }

  /** The room with this id, as it was written down last. */
  written(room: string): RoomValue | undefined {
    return this.disk.written(room);
  }

  /** Everything that can happen without the clock has happened. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < settled; turn++) await immediate();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.settle();
  }

  /** The link is lost. */
  async cut(): Promise<void> {
    this.#link?.cut();
    await this.settle();
  }

  /** One end of the link sends these bytes, whatever they are. */
  async send(to: "server" | "gate", batch: Uint8Array): Promise<void> {
    (to === "server" ? this.#link : this.#serverEnd)?.send(batch);
    await this.settle();
  }

  /** The game server is gone, and what it had said with it, until `restart`. */
  async kill(): Promise<void> {
    this.#isUp = false;
    await this.cut();
  }

  /** `dialPeer`: from now on there is another game server. `game`: of another release. */
  restart(dialPeer = this.#dialPeer, game = this.#games[0]): void {
    this.#dialPeer = dialPeer;
    this.#games = game === undefined ? [] : [game];
    this.#server = this.#open();
    this.#isUp = true;
  }

  /** From now on what the gate says is on its way, until `arrive`. */
  delay(): void {
    this.#underWay = [];
  }

  async arrive(): Promise<void> {
    const arriving = this.#underWay ?? [];
    this.#underWay = undefined;
    for (const send of arriving) send();
    await this.settle();
  }

  #open(): GameServer {
    const journal = this.disk.open();
    const games = this.#games;
    const names = games.map(({ name }) => name);
    const dialPeer = this.#dialPeer;
    const peers = dialPeer && { peers: fixedFleet(names, ["b"]), dial: async () => dialPeer() };
    const server = new GameServer({ ...this.#context, ...peers, games, journal, watchdog: noWatchdog, drainLeftMs: () => undefined });
    server.restore();
    return server;
  }

  #dial(): LinkSocket {
    if (!this.#isUp) throw new Error("nobody answers");
    const [gateEnd, serverEnd] = memoryPair(this.clock);
    const send = gateEnd.send.bind(gateEnd);
    gateEnd.send = (batch) => {
      if (this.#underWay === undefined) send(batch);
      else this.#underWay.push(() => send(batch));
    };
    this.#server.accept(serverEnd);
    this.#link = gateEnd;
    this.#serverEnd = serverEnd;
    return gateEnd;
  }

  #openDoor({ onPlayer }: ListenerOptions): Door {
    this.#onPlayer = onPlayer;
    return { listen: async () => 0, refuseNew: () => {}, acceptNew: () => {}, close: async () => {} };
  }
}
