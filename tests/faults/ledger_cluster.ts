/**
 * A ledger on a cluster of real processes: Redis, gates and game servers, each of which is
 * killed, frozen and started again where it was, while players come in by every gate.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Life } from "#fleet/directory.ts";
import { readTurnsFile } from "#game_server/journal_state.ts";
import type { Verdict } from "#simulation/verdict.ts";
import { metricOf } from "#tests/support/cluster.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import type { Run } from "#tests/support/process.ts";
import { RedisServer } from "#tests/support/redis_server.ts";
import { TcpProxy } from "#tests/support/tcp_proxy.ts";
import { type CrowdOptions, Door, LedgerCrowd, storedRooms } from "./ledger_crowd.ts";
import { until } from "./measure.ts";
import { Member } from "./member.ts";

/** A server renews every 3 s, and tells what the directory does not agree with. */
const announcedMsMax = 10_000;

type Environment = Readonly<Record<string, string>>;

interface ClusterOptions extends CrowdOptions {
  readonly gates?: number;
  readonly servers?: number;
  readonly env?: Environment;
}

/** What a test does to any of them. */
export interface ProcessPart {
  readonly name: string;
  readonly pid: number;
  /** Its process has ended, however it did. */
  readonly isGone: boolean;
  /** From now on it may be gone at any moment, since somebody else sends it a signal. */
  expectEnd(): void;
  /** Kills it with -9, and waits until it is gone. */
  kill(): Promise<unknown>;
  /** Starts it again where it was. */
  restart(): Promise<unknown>;
  freeze(): void;
  thaw(): void;
}

export class LedgerCluster {
  readonly redis: RedisServer;
  readonly crowd: LedgerCrowd;
  readonly servers: ServerPart[] = [];
  readonly gates: GatePart[] = [];
  readonly #t: TestContext;
  readonly #env: Environment;

  private constructor(t: TestContext, redis: RedisServer, crowd: LedgerCrowd, env: Environment) {
    this.#t = t;
    this.redis = redis;
    this.crowd = crowd;
    this.#env = { REDIS_URL: redis.url, HOST: "127.0.0.1", MESSAGES_PER_SECOND: "0", ...env };
  }

  /** Undefined, and the test skipped, where there is no redis-server. */
  static async open(t: TestContext, { gates = 2, servers = 3, env = {}, ...crowd }: ClusterOptions): Promise<LedgerCluster | undefined> {
    const redis = await RedisServer.start(t);
    if (redis === undefined) return undefined;
    const cluster = new LedgerCluster(t, redis, new LedgerCrowd(t, crowd), env);
    for (let at = 0; at < servers; at++) await cluster.addServer();
    for (let at = 0; at < gates; at++) await cluster.addGate();
    await cluster.linked();
    return cluster;
  }

  get verdict(): Verdict {
    return this.crowd.verdict;
  }

  /** Of its gates. */
  get ports(): number[] {
    return this.gates.map(({ member }) => member.server.port);
  }

  /** All its processes. */
  get parts(): readonly ProcessPart[] {
    return [...this.servers, ...this.gates, this.redisPart];
  }

  get redisPart(): ProcessPart {
    return new RedisPart(this.redis);
  }

  async addServer(more: Environment = {}): Promise<ServerPart> {
    const folder = dataFolder(this.#t);
    const member = await this.#start("tests/faults/ledger_server.ts", { ...more, DATA_DIR: folder });
    const part = new ServerPart(`game server ${this.servers.length + 1}`, member, folder);
    this.servers.push(part);
    return part;
  }

  /** A game server whose address in the fleet is a proxy's. */
  async addServerBehindProxy(): Promise<TcpProxy> {
    const proxy = await TcpProxy.open(this.#t);
    const { member } = await this.addServer({ ADVERTISE: `127.0.0.1:${proxy.port}` });
    proxy.leadTo(member.server.port);
    return proxy;
  }

  /** A gate that lets players in as soon as it is ready. */
  async addGate(): Promise<GatePart> {
    const member = await this.#start("gate_server/main.ts", {});
    const part = new GatePart(`gate ${this.gates.length + 1}`, member, this.crowd.doors);
    this.gates.push(part);
    return part;
  }

  /** Waits until every gate is linked to every game server. */
  async linked(): Promise<void> {
    for (const { member } of this.gates)
      await until("every link", async () => (await metricOf(member.server, "croupier_links")) === this.servers.length);
  }

  /** No more whims and no more faults: everybody sits within that time, everything was answered, and the directory has what the journals have. */
  async end(withinMs?: number): Promise<number> {
    const seatedMs = await this.crowd.settle(withinMs);
    // Whoever was seated elsewhere while his server was away is sent out there with its next announcement; who is not is judged.
    await until("one seat of each user", () => this.#isEachSeatedOnce(), announcedMsMax).catch(() => {});
    const told = (await this.redis.ask("HVALS", "{croupier}:lives")) as string[];
    await Promise.all(this.servers.map((server) => server.kill())); // the journals are all that is left to read
    const folders = this.servers.map(({ folder }) => folder);
    this.crowd.judge(folders);
    const kept = folders.flatMap((folder) => storedRooms(folder)).filter(({ isOver }) => !isOver);
    assert.deepEqual(new Set(told.map((json) => ownership(JSON.parse(json) as Life))), new Set(kept.map(ownership)), "the directory");
    return seatedMs;
  }

  #isEachSeatedOnce(): boolean {
    const rooms = this.servers.flatMap(({ folder }) => storedRooms(folder)).filter(({ isOver }) => !isOver);
    const users = rooms.flatMap(({ seats }) => seats.map(({ user }) => user));
    return new Set(users).size === users.length;
  }

  #start(file: string, env: Environment): Promise<Member> {
    const onLaunch = (run: Run): void => this.crowd.watch(run);
    return Member.start(this.#t, { file, env: { ...this.#env, ...env }, onLaunch });
  }
}

function ownership({ life, owner, epoch }: Life): string {
  return `${life} is ${owner}'s at ${epoch}`;
}

abstract class MemberPart implements ProcessPart {
  readonly name: string;
  readonly member: Member;

  constructor(name: string, member: Member) {
    this.name = name;
    this.member = member;
  }

  get pid(): number {
    return this.member.process.child.pid ?? 0;
  }

  get isGone(): boolean {
    const { exitCode, signalCode } = this.member.process.child;
    return exitCode !== null || signalCode !== null;
  }

  expectEnd(): void {}

  async kill(): Promise<void> {
    this.expectEnd();
    await this.member.kill();
  }

  async restart(): Promise<void> {
    await this.member.restart();
  }

  freeze(): void {
    this.member.signal("SIGSTOP");
  }

  thaw(): void {
    this.member.signal("SIGCONT");
  }
}

export class ServerPart extends MemberPart {
  readonly folder: string;

  constructor(name: string, member: Member, folder: string) {
    super(name, member);
    this.folder = folder;
  }

  /** Its name in the directory. */
  get journal(): string {
    const state = readTurnsFile(this.folder);
    return typeof state === "string" ? "" : state.id;
  }
}

export class GatePart extends MemberPart {
  readonly #doors: Set<Door>;
  #door: Door;

  constructor(name: string, member: Member, doors: Set<Door>) {
    super(name, member);
    this.#doors = doors;
    this.#door = this.#open();
  }

  override expectEnd(): void {
    this.#door.isOpen = false;
    this.#doors.delete(this.#door);
  }

  override async restart(): Promise<void> {
    await super.restart();
    this.#door = this.#open();
  }

  #open(): Door {
    const door = new Door(this.member.server.port);
    this.#doors.add(door);
    return door;
  }
}

class RedisPart implements ProcessPart {
  readonly name = "Redis";
  readonly #redis: RedisServer;

  constructor(redis: RedisServer) {
    this.#redis = redis;
  }

  get pid(): number {
    return this.#redis.pid;
  }

  get isGone(): boolean {
    return this.#redis.isGone;
  }

  expectEnd(): void {}

  kill(): Promise<void> {
    return this.#redis.kill();
  }

  restart(): Promise<void> {
    return this.#redis.start();
  }

  freeze(): void {
    this.#redis.signal("SIGSTOP");
  }

  thaw(): void {
    this.#redis.signal("SIGCONT");
  }
}
