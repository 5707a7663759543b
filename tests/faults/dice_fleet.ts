/** Dice on a static fleet of one gate and one game server, which is killed and comes back; bots play meanwhile. */
import type { TestContext } from "node:test";
import { dataFolder } from "#tests/support/data_folder.ts";
import { Server, start } from "#tests/support/process.ts";

export class DiceFleet {
  readonly #t: TestContext;
  readonly #folder: string;
  readonly gate: Server;
  #server: Server;

  private constructor(t: TestContext, folder: string, server: Server, gate: Server) {
    this.#t = t;
    this.#folder = folder;
    this.#server = server;
    this.gate = gate;
  }

  static async open(t: TestContext): Promise<DiceFleet> {
    const folder = dataFolder(t);
    const server = await startServer(t, folder, 0);
    const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}` });
    await gate.logged("link up");
    return new DiceFleet(t, folder, server, gate);
  }

  get server(): Server {
    return this.#server;
  }

  /** Kills the game server with -9 and starts it again on its port and journal; gives how long that took, milliseconds. */
  async kill(): Promise<number> {
    const startMs = performance.now();
    this.#server.signal("SIGKILL");
    await this.#server.exited;
    this.#server = await startServer(this.#t, this.#folder, this.#server.port);
    return performance.now() - startMs;
  }

  /** Bots that come, play and go; their report is the last line they print. */
  play(flags: { users: number; seconds: number; think: number }): ReturnType<typeof start> {
    const all = Object.entries({ ...flags, port: this.gate.port }).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return start(this.#t, ["clients/bots.ts", ...all, "--json"]);
  }
}

function startServer(t: TestContext, folder: string, port: number): Promise<Server> {
  return Server.start(t, "game_server/main.ts", { DATA_DIR: folder, PORT: String(port) });
}
