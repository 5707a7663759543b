/** Ours: a gate and a game server as processes, as they are started in production but for limits on how fast one may ask. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchCommands } from "#bench/game.ts";
import { Pinned } from "#bench/pinned.ts";
import type { Subject, Wire } from "#bench/subject.ts";
import { encode, frame } from "#protocol/frame.ts";
import { Command, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { says } from "#tests/support/said.ts";

const root = new URL("../../", import.meta.url).pathname;
const jwtKey = randomBytes(32);
const keys = { JWT_KEY: jwtKey.toString("base64"), LINK_KEY: randomBytes(32).toString("base64") };
const commandBytes = 4;

/** No limit that a player who asks as fast as he is answered would meet. */
const unlimited = { MESSAGES_PER_SECOND: "0", CONNECTIONS_PER_USER: "0", CONNECTIONS_PER_ADDRESS: "0" };

const wire: Wire = {
  async upgrade(_address, user) {
    const token = await mintToken(user, jwtKey);
    return { path: "/", headers: { Authorization: `Bearer ${token}` } };
  },
  greeting: (_user, room) => [encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "bench", room_id: String(room) } })],
  onGreeting: (message) => ({ isSeated: message.readUInt32BE(0) === benchCommands.SCENE }),
  ask: (payload) => frame(benchCommands.ASK, payload),
  tell: (payload) => frame(benchCommands.TELL, payload),
  payloadAt(message) {
    const command = message.readUInt32BE(0);
    return command === benchCommands.REPLY || command === benchCommands.EVENT ? commandBytes : -1;
  },
};

export class Croupier implements Subject {
  readonly name: string;
  readonly address;
  readonly wire = wire;
  readonly folder: string;
  readonly #env: Readonly<Record<string, string>>;
  #gameServer: Pinned;
  readonly #gate: Pinned;

  private constructor(name: string, folder: string, env: Readonly<Record<string, string>>, gameServer: Pinned, gate: Pinned) {
    this.name = name;
    this.folder = folder;
    this.#env = env;
    this.#gameServer = gameServer;
    this.#gate = gate;
    this.address = { host: "127.0.0.1", port: portsOf(gate).port };
  }

  /** `more`: settings of both. */
  static async start(name: string, more: Readonly<Record<string, string>> = {}): Promise<Croupier> {
    const folder = mkdtempSync(join(tmpdir(), "bench-"));
    const env = { ENV: "prod", HOST: "127.0.0.1", PORT: "0", ADMIN_PORT: "0", ...keys, ...unlimited, DATA_DIR: folder, ...more };
    const gameServer = await startServer(env);
    const gate = await start("gate_server/main.ts", { ...env, GAME_SERVERS: `dice=127.0.0.1:${portsOf(gameServer).port}` });
    return new Croupier(name, folder, env, gameServer, gate);
  }

  get processes(): { gate: Pinned; "game server": Pinned } {
    return { gate: this.#gate, "game server": this.#gameServer };
  }

  /** Where its processes answer operators. */
  get admin(): { gate: number; gameServer: number } {
    return { gate: portsOf(this.#gate).adminPort, gameServer: portsOf(this.#gameServer).adminPort };
  }

  /** Kills the game server with -9 and starts it again where it was: resolves when it is ready. */
  async restartServer(): Promise<void> {
    const { port } = portsOf(this.#gameServer);
    await this.#gameServer.kill();
    this.#gameServer = await startServer({ ...this.#env, PORT: String(port) });
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.processes).map((process) => process.kill()));
    rmSync(this.folder, { recursive: true });
  }
}

function startServer(env: Readonly<Record<string, string>>): Promise<Pinned> {
  return start("bench/game_server.ts", env);
}

function start(file: string, env: Readonly<Record<string, string>>): Promise<Pinned> {
  return Pinned.start({ cwd: root, arguments: [file], env, isReady: says("ready") });
}

function portsOf({ ready }: Pinned): { port: number; adminPort: number } {
  const { "url.port": port, "admin.port": adminPort } = JSON.parse(ready) as { "url.port": number; "admin.port": number };
  return { port, adminPort };
}
