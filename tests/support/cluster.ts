/**
 * A cluster for a test: a real Redis, gates and game servers as processes of their own,
 * on loopback and free ports, gone with the test.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Server } from "./process.ts";
import { RedisServer } from "./redis_server.ts";

const patienceMs = 10_000;

type Environment = Record<string, string>;

interface ClusterOptions {
  servers?: number;
  gates?: number;
  redis?: Parameters<typeof RedisServer.start>[1];
  env?: Environment;
  /** What a game server is. */
  serverFile?: string;
}

export class Cluster {
  readonly redis: RedisServer;
  servers: Server[] = [];
  gates: Server[] = [];
  readonly #t: TestContext;
  readonly #env: Environment;
  readonly #serverFile: string;

  private constructor(t: TestContext, redis: RedisServer, { env = {}, serverFile = "game_server/main.ts" }: ClusterOptions) {
    this.#t = t;
    this.redis = redis;
    this.#serverFile = serverFile;
    this.#env = { REDIS_URL: redis.url, HOST: "127.0.0.1", ...env };
  }

  /** Every gate is linked to every server. Undefined, and the test skipped, where there is no redis-server. */
  static async open(t: TestContext, options: ClusterOptions = {}): Promise<Cluster | undefined> {
    const { servers = 2, gates = 2, redis } = options;
    const redisServer = await RedisServer.start(t, redis);
    if (redisServer === undefined) return undefined;
    const cluster = new Cluster(t, redisServer, options);
    // One after another: each has its own time to start, however slow the machine.
    for (let at = 0; at < servers; at++) await cluster.addServer();
    for (let at = 0; at < gates; at++) await cluster.addGate();
    for (const gate of cluster.gates) await cluster.shows(gate, "croupier_links", servers);
    return cluster;
  }

  async addServer(env: Environment = {}): Promise<Server> {
    const server = await Server.start(this.#t, this.#serverFile, { ...this.#env, ...env });
    this.servers.push(server);
    return server;
  }

  async addGate(env: Environment = {}): Promise<Server> {
    const gate = await Server.start(this.#t, "gate_server/main.ts", { ...this.#env, ...env });
    this.gates.push(gate);
    return gate;
  }

  /** The port of a gate. */
  door(at: number): number {
    return this.gates[at]?.port ?? 0;
  }

  /** Waits until the metric has this value. */
  async shows(server: Server, metric: string, value: number): Promise<void> {
    const deadline = Date.now() + patienceMs;
    let shown = await metricOf(server, metric);
    while (shown !== value && Date.now() < deadline) {
      await sleep(50);
      shown = await metricOf(server, metric);
    }
    assert.equal(shown, value, metric);
  }

  /** Redis has just been started, and knows nothing: it need not be waited for. */
  async learned(): Promise<void> {
    await this.redis.ask("DEL", "{croupier}:learning");
  }

  /** What all game servers show together. */
  async sum(metric: string): Promise<number> {
    const all = await Promise.all(this.servers.map((server) => metricOf(server, metric)));
    return all.reduce((sum, value) => sum + value, 0);
  }
}

export async function metricOf(server: Server, metric: string): Promise<number> {
  const { body } = await server.admin("/metrics");
  return Number(new RegExp(`^${metric}(?:\\{.*\\})? (\\S+)$`, "m").exec(body)?.[1] ?? Number.NaN);
}
