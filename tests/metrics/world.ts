/**
 * Gates and game servers on one Redis that a real Prometheus scrapes: each is known by a name, and
 * comes back at its ports after it was killed.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { sleep, until } from "#tests/faults/measure.ts";
import { Player } from "#tests/support/player.ts";
import { type Run, Server } from "#tests/support/process.ts";
import type { RedisServer } from "#tests/support/redis_server.ts";
import type { Prometheus } from "./prometheus.ts";

/** Asked faster a client that is refused would be closed. */
const askAgainMs = 500;
/** Until rooms have heard who has left. */
const leaveMs = 500;

type Environment = Readonly<Record<string, string>>;

/** One process, whichever start of it. */
export class Member {
  readonly name: string;
  readonly #start: (env: Environment) => Promise<{ run: Run; server: Server }>;
  #now: { run: Run; server: Server } | undefined;
  #ports: Environment = {};

  constructor(name: string, start: (env: Environment) => Promise<{ run: Run; server: Server }>) {
    this.name = name;
    this.#start = start;
  }

  /** `env`: what is different from its first start. */
  async start(env: Environment = {}): Promise<this> {
    this.#now = await this.#start({ ...this.#ports, ...env });
    this.#ports = { PORT: String(this.server.port), ADMIN_PORT: String(this.server.adminPort) };
    return this;
  }

  get server(): Server {
    assert.ok(this.#now);
    return this.#now.server;
  }

  get port(): number {
    return this.server.port;
  }

  /** Says something on its standard input. */
  order(text: string): void {
    this.#now?.run.write(`${text}\n`);
  }

  async kill(): Promise<void> {
    this.server.signal("SIGCONT");
    this.server.signal("SIGKILL");
    await this.server.exited;
  }

  async restart(env: Environment = {}): Promise<void> {
    await this.kill();
    await this.start(env);
  }
}

export class World {
  readonly t: TestContext;
  readonly #prometheus: Prometheus;
  readonly #members = new Map<string, Member>();
  /** Players of each game, and the game of each server that deals but one. */
  readonly #players = new Map<string, Player[]>();
  readonly #games = new Map<string, string>();
  #lastUser = 10_000;

  constructor(t: TestContext, prometheus: Prometheus) {
    this.t = t;
    this.#prometheus = prometheus;
  }

  gate(name: string, redis: RedisServer, env: Environment = {}): Promise<Member> {
    return this.#add(name, "gate_server/main.ts", { REDIS_URL: redis.url, HOST: "127.0.0.1", ...env });
  }

  /** A game server that deals trouble by the name `game`, and nothing else. */
  troubleServer(name: string, redis: RedisServer, game: string, env: Environment = {}): Promise<Member> {
    this.#games.set(name, game);
    return this.gameServer(name, redis, { TROUBLE: game, GAMES: game, ...env });
  }

  gameServer(name: string, redis: RedisServer, env: Environment = {}): Promise<Member> {
    return this.#add(name, "tests/metrics/trouble_server.ts", { REDIS_URL: redis.url, HOST: "127.0.0.1", ...env });
  }

  /** Kills it when its players have left, and it is not scraped any more. */
  async remove(...members: readonly Member[]): Promise<void> {
    const players = members.flatMap(({ name }) => this.#players.get(this.#games.get(name) ?? "") ?? []);
    for (const player of players) player.drop();
    await sleep(leaveMs);
    for (const member of members) {
      this.#members.delete(member.name);
      await member.kill();
    }
    this.#scrape();
  }

  /** A player who sits in a room of trouble. */
  async player(gate: Member, game: string, room = "1"): Promise<Player> {
    this.#lastUser += 1;
    const player = await Player.connect(gate.port, this.#lastUser);
    await until(`a seat in ${game}`, async () => {
      player.sit({ game_name: game, room_id: room });
      const [line = ""] = await player.hear().catch(() => []); // the gate waits for a server that is not there yet
      const isSeated = line.startsWith("SitDown");
      if (!isSeated) await sleep(askAgainMs);
      return isSeated;
    });
    this.#players.set(game, [...(this.#players.get(game) ?? []), player]);
    return player;
  }

  /** A process' admin listener is asked to do something. */
  async tell(member: Member, method: "POST" | "DELETE", path: string): Promise<void> {
    const headers = { Authorization: `Bearer ${this.#prometheus.token}` };
    const response = await fetch(`http://127.0.0.1:${member.server.adminPort}${path}`, { method, headers });
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.text()}`);
  }

  async #add(name: string, file: string, env: Environment): Promise<Member> {
    const member = new Member(name, async (more) => {
      const run = Server.launch(this.t, file, { ADMIN_TOKEN: this.#prometheus.token, ...env, ...more });
      return { run, server: await Server.ready(run) };
    });
    await member.start();
    this.#members.set(name, member);
    this.#scrape();
    return member;
  }

  #scrape(): void {
    this.#prometheus.scrape(new Map([...this.#members].map(([name, { server }]) => [name, server.adminPort])));
  }
}
