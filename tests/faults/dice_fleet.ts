/** Dice on a static fleet of one gate and one game server, which is killed or parks and comes back; bots play meanwhile. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { dataFolder } from "#tests/support/data_folder.ts";
import { type Run, Server } from "#tests/support/process.ts";
import { playDice } from "./dice_bots.ts";

export class DiceFleet {
  readonly #t: TestContext;
  readonly #env: Record<string, string>;
  readonly gate: Server;
  #server: Server;

  private constructor(t: TestContext, env: Record<string, string>, server: Server, gate: Server) {
    this.#t = t;
    this.#env = env;
    this.#server = server;
    this.gate = gate;
  }

  /** Each with settings of its own. */
  static async open(t: TestContext, ofServer: Record<string, string> = {}, ofGate: Record<string, string> = {}): Promise<DiceFleet> {
    const env = { DATA_DIR: dataFolder(t), ...ofServer };
    const server = await startServer(t, env, 0);
    const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}`, ...ofGate });
    await gate.logged("link up");
    return new DiceFleet(t, env, server, gate);
  }

  get server(): Server {
    return this.#server;
  }

  /** Kills the game server with -9 and starts it again on its port and journal; gives how long that took, milliseconds. */
  async kill(): Promise<number> {
    const startMs = performance.now();
    this.#server.signal("SIGKILL");
    await this.#server.exited;
    await this.#startAgain();
    return performance.now() - startMs;
  }

  /** Lets the game server park its rooms by one SIGTERM, and starts it again; gives how long it took to leave and in all, milliseconds. */
  async park(): Promise<{ leftMs: number; pauseMs: number }> {
    const startMs = performance.now();
    this.#server.signal("SIGTERM");
    assert.deepEqual(await this.#server.exited, { code: 0, signal: null });
    const leftMs = performance.now() - startMs;
    await this.#startAgain();
    return { leftMs, pauseMs: performance.now() - startMs };
  }

  play(flags: { users: number; seconds: number; think: number }): Run {
    return playDice(this.#t, { ...flags, port: this.gate.port });
  }

  async #startAgain(): Promise<void> {
    this.#server = await startServer(this.#t, this.#env, this.#server.port);
  }
}

function startServer(t: TestContext, env: Record<string, string>, port: number): Promise<Server> {
  return Server.start(t, "game_server/main.ts", { ...env, PORT: String(port) });
}
