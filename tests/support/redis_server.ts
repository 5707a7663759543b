/**
 * A real redis-server for a test, or a sentinel: on a port and in a folder of its own, set as
 * Croupier wants it, gone with the test. It can be killed, frozen, emptied and started again.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@redis/client";
import { dataFolder } from "./data_folder.ts";
import { has } from "./skip.ts";

const startTimeoutMs = 10_000;
/** Any generation: to whoever finds it, this Redis has forgotten nothing. */
export const remembers = ["SET", "{croupier}:generation", "7e57"];

interface RedisServerOptions {
  /** Settings of Redis that differ from what Croupier wants. */
  settings?: Record<string, string>;
  /** Whether it is empty, as on its very first day; otherwise it remembers, and nothing is learned first. */
  isNew?: boolean;
  /** It is no Redis but a sentinel, with these lines of configuration, which it rewrites. */
  sentinel?: readonly string[];
}

export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #options: RedisServerOptions;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string, options: RedisServerOptions) {
    this.port = port;
    this.#folder = folder;
    this.#options = options;
  }

  /** Undefined, and the test skipped, where there is no redis-server. */
  static async start(t: Pick<TestContext, "after" | "skip">, options: RedisServerOptions = {}): Promise<RedisServer | undefined> {
    if (!has(t, "redis-server")) return undefined;
    const server = new RedisServer(await freePort(), dataFolder(t), options);
    t.after(() => server.kill());
    await server.start();
    if (!options.isNew && options.sentinel === undefined) await server.ask(...remembers);
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get url(): string {
    const password = this.#options.settings?.["requirepass"];
    return `redis://${password === undefined ? "" : `:${password}@`}${this.address}`;
  }

  /** Starts it on what is in its folder, and waits until it answers. */
  async start(): Promise<void> {
    const args = this.#options.sentinel === undefined ? this.#redisArgs() : this.#sentinelArgs(this.#options.sentinel);
    this.#child = spawn("redis-server", args, { stdio: "ignore" });
    const deadline = Date.now() + startTimeoutMs;
    while (!(await this.#answers())) {
      if (Date.now() > deadline) throw new Error(`redis-server does not answer at port ${this.port}`);
      await sleep(20);
    }
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isGone(): boolean {
    return this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Kills it with -9 and waits until it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.isGone) return;
    const gone = once(child, "close");
    child.kill("SIGKILL");
    await gone;
  }

  /** Takes away what it has written, once it is gone. */
  forget(): void {
    rmSync(join(this.#folder, "appendonlydir"), { recursive: true });
  }

  /** Runs one command, as an operator would. */
  async ask(...command: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, RESP: 2, disableOfflineQueue: true, socket: { reconnectStrategy: false } });
    client.on("error", () => {});
    await client.connect();
    try {
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  }

  #redisArgs(): string[] {
    const settings = {
      ...{ port: String(this.port), bind: "127.0.0.1", dir: this.#folder, save: "" },
      ...{ "maxmemory-policy": "noeviction", appendonly: "yes", appendfsync: "always" },
      ...this.#options.settings,
    };
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  }

  #sentinelArgs(lines: readonly string[]): string[] {
    const file = join(this.#folder, "sentinel.conf");
    const settings = Object.entries(this.#options.settings ?? {}).map(([name, value]) => `${name} ${value}`);
    const all = [`port ${this.port}`, "bind 127.0.0.1", `dir ${this.#folder}`, ...settings, ...lines, ""];
    if (!existsSync(file)) writeFileSync(file, all.join("\n"));
    return [file, "--sentinel"];
  }

  async #answers(): Promise<boolean> {
    try {
      return (await this.ask("PING")) === "PONG";
    } catch {
      return false;
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
