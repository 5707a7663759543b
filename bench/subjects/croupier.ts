/** Ours: a gate and a game server as processes, as they are started in production but for limits on how fast one may ask. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchCommands } from "#bench/game.ts";
import type { Pinned } from "#bench/pinned.ts";
import type { Subject, Wire } from "#bench/subject.ts";
import { bodyOf, commandBytes, commandOf, decode, frame } from "#protocol/frame.ts";
import { Command as Dice } from "#protocol/gen/dice_pb.ts";
import { Command, ErrorResponseSchema } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { sitDown } from "#tests/support/player.ts";
import { type Environment, here, jwtKey, linked, portsOf, startGate, startServer, staticFleet } from "./processes.ts";

/** How the game that is measured is spoken to. */
export const wire: Wire = {
  async upgrade(_address, user) {
    const token = await mintToken(user, jwtKey);
    return { path: "/", headers: { Authorization: `Bearer ${token}` } };
  },
  greeting: (_user, room) => [sitDown({ game_name: "bench", room_id: String(room) })],
  onGreeting: (message) => ({ isSeated: isScene(message, benchCommands.SCENE) }),
  ask: (payload) => frame(benchCommands.ASK, payload),
  tell: (payload) => frame(benchCommands.TELL, payload),
  payloadAt(message) {
    const command = commandOf(message);
    return command === benchCommands.REPLY || command === benchCommands.EVENT ? commandBytes : -1;
  },
};

/** How dice is. */
export const diceWire: Pick<Wire, "upgrade" | "greeting" | "onGreeting"> = {
  upgrade: wire.upgrade,
  greeting: (_user, room) => [sitDown({ game_name: "dice", room_id: String(room) })],
  onGreeting: (message) => ({ isSeated: isScene(message, Dice.SCENE) }),
};

/** @throws when it is a refusal: nobody would ever sit down. */
function isScene(message: Buffer, scene: number): boolean {
  if (commandOf(message) !== Command.ERROR) return commandOf(message) === scene;
  const { code, desc } = decode(ErrorResponseSchema, bodyOf(message));
  throw new Error(`refused: ${code} ${desc}`);
}

export class Croupier implements Subject {
  readonly name: string;
  readonly address;
  readonly wire = wire;
  readonly folder: string;
  readonly #env: Environment;
  #gameServer: Pinned;
  readonly #gate: Pinned;

  private constructor(name: string, folder: string, env: Environment, gameServer: Pinned, gate: Pinned) {
    this.name = name;
    this.folder = folder;
    this.#env = env;
    this.#gameServer = gameServer;
    this.#gate = gate;
    this.address = { host: "127.0.0.1", port: portsOf(gate).port };
  }

  /** `more`: settings of both; `root`: the checkout that they are started from. */
  static async start(name: string, more: Environment = {}, root: string = here): Promise<Croupier> {
    const folder = mkdtempSync(join(tmpdir(), "bench-"));
    const env = { DATA_DIR: folder, ...more };
    const gameServer = await startServer(env, root);
    const gate = await startGate({ ...env, GAME_SERVERS: staticFleet([portsOf(gameServer).port]) }, root);
    await linked(gate, 1);
    return new Croupier(name, folder, env, gameServer, gate);
  }

  get processes(): { gate: Pinned; "game server": Pinned } {
    return { gate: this.#gate, "game server": this.#gameServer };
  }

  /** Where its processes answer operators. */
  get admin(): { gate: number; gameServer: number } {
    return { gate: portsOf(this.#gate).adminPort, gameServer: portsOf(this.#gameServer).adminPort };
  }

  /** Kills the game server with -9 and starts it again where it was, after `meanwhile`: gives how long the start took, in milliseconds. */
  async restartServer(meanwhile: () => Promise<void> = async () => {}): Promise<number> {
    const { port } = portsOf(this.#gameServer);
    await this.#gameServer.kill();
    await meanwhile();
    const startMs = performance.now();
    this.#gameServer = await startServer({ ...this.#env, PORT: String(port) });
    return performance.now() - startMs;
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.processes).map((process) => process.kill()));
    rmSync(this.folder, { recursive: true });
  }
}
