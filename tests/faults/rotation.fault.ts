/**
 * Both keys are exchanged while people play, by files that reach each process at another moment and are half written when they
 * do: the key of tokens and the key of links. Bots play on sessions of old and of new tokens, watchers bring new tokens in place,
 * others come in all the time by whichever token is good at the moment, and the links are broken again and again meanwhile. Nobody
 * is disconnected, nobody who may come in is refused, every link comes back; and what was taken out opens nothing any more.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import { DiceBot } from "#clients/dice_bot.ts";
import { sum } from "#clients/dice_report.ts";
import { mintToken } from "#protocol/token.ts";
import { Chance } from "#simulation/chance.ts";
import { Cluster, metricOf } from "#tests/support/cluster.ts";
import type { Server } from "#tests/support/process.ts";
import { RawConnection, upgradeHeaders } from "#tests/support/raw.ts";
import { says } from "#tests/support/said.ts";
import { leaksIn } from "#tests/support/secrets.ts";
import { TcpProxy } from "#tests/support/tcp_proxy.ts";
import { isFull, patience, sleep, spreadOf, until } from "./measure.ts";
import { Renewer } from "./renewer.ts";
import { KeyFiles, type KeyTexts } from "./rotating_keys.ts";

const rotations = isFull ? 5 : 1;
const rooms = isFull ? 100 : 30;
const breakEveryMs = 1000;
const comeEveryMs = 100;
/** What a watcher's token lives for: he renews it every 2 s. */
const tokenSeconds = 12;
const takenWithinMs = 5000;
const linkedWithinMs = 2000;

const unknownKey = "does not know the link key";

const newKey = (): string => randomBytes(32).toString("base64");
const bytesOf = (key: string): Uint8Array => new Uint8Array(Buffer.from(key, "base64"));

test(`[keys][P4][P7] ${rotations} times both keys are exchanged by files under the load of ${rooms} rooms: nobody is disconnected`, {
  timeout: 90_000 + rotations * 90_000,
}, async (t) => {
  const evening = await Evening.open(t);
  if (evening === undefined) return;
  for (let count = 0; count < rotations; count++) await evening.rotate();
  await evening.end();
});

class Evening {
  readonly #t: TestContext;
  readonly #cluster: Cluster;
  readonly #proxies: readonly TcpProxy[];
  readonly #files: ReadonlyMap<Server, KeyFiles>;
  readonly #chance = new Chance(8);
  readonly #bots: DiceBot[] = [];
  readonly #renewers: Renewer[] = [];
  readonly #keysEver: string[] = [];
  readonly #figures = { takenMs: [] as number[], linkedMs: [] as number[], breaks: 0, came: 0, refused: [] as string[] };
  /** What the login service signs with, and what gates accept for certain. */
  #signing: string;
  #accepted: readonly string[];
  #linkKey: string;
  #coming: NodeJS.Timeout | undefined;
  readonly #visits: Promise<void>[] = [];
  #visitor = 2_000_000;
  /** Of gates that knew a key which had been taken out. */
  #refusalsOfStrangers = 0;

  private constructor(
    t: TestContext,
    cluster: Cluster,
    proxies: readonly TcpProxy[],
    files: ReadonlyMap<Server, KeyFiles>,
    keys: KeyTexts,
  ) {
    this.#t = t;
    this.#cluster = cluster;
    this.#proxies = proxies;
    this.#files = files;
    this.#signing = keys.JWT_KEY ?? "";
    this.#accepted = [this.#signing];
    this.#linkKey = keys.LINK_KEY ?? "";
    this.#keysEver.push(this.#signing, this.#linkKey);
  }

  static async open(t: TestContext): Promise<Evening | undefined> {
    const env = { ENV: "prod", ADMIN_HOST: "127.0.0.1", PONG_TIMEOUT: "30s" };
    const cluster = await Cluster.open(t, { servers: 0, gates: 0, env });
    if (cluster === undefined) return undefined;
    await cluster.learned();
    const keys = { JWT_KEY: newKey(), LINK_KEY: newKey() };
    const files = new Map<Server, KeyFiles>();
    const proxies: TcpProxy[] = [];
    for (let at = 0; at < 2; at++) {
      const [own, proxy] = [new KeyFiles(t, keys), await TcpProxy.open(t)];
      const server = await cluster.addServer({ ...own.env, ADVERTISE: `127.0.0.1:${proxy.port}` });
      proxy.leadTo(server.port);
      proxies.push(proxy);
      files.set(server, own);
    }
    for (let at = 0; at < 2; at++) {
      const own = new KeyFiles(t, keys);
      files.set(await cluster.addGate(own.env), own);
    }
    const evening = new Evening(t, cluster, proxies, files, keys);
    await evening.#linked();
    await evening.#begin();
    return evening;
  }

  async #begin(): Promise<void> {
    this.#t.after(() => this.#stop()); // also when it has failed
    for (let at = 0; at < rooms * 4; at++) this.#bots.push(this.#botAt(at));
    await until("everybody's scene", () => this.#bots.every(({ sitMs }) => sitMs.length === 1));
    for (let at = 0; at < rooms; at++) {
      const token = (): Promise<string> => mintToken(1_000_000 + at, bytesOf(this.#signing), tokenSeconds);
      this.#renewers.push(await Renewer.open(this.#cluster.door(at % 2), { user: 1_000_000 + at, room: String(at + 1), token }));
    }
    this.#coming = setInterval(() => this.#visits.push(this.#come()), comeEveryMs);
    await sleep(1000);
  }

  /** By whichever gate, with whichever key. */
  #botAt(at: number): DiceBot {
    const token = (): Promise<string> => mintToken(at + 1, bytesOf(this.#signing));
    return new DiceBot({ url: `ws://127.0.0.1:${this.#cluster.door(at % 2)}`, token, room: String(Math.floor(at / 4) + 1), thinkMs: 2000 });
  }

  /** Somebody comes and goes, by a token that must be good. */
  async #come(): Promise<void> {
    const key = this.#chance.pick(this.#accepted);
    this.#visitor += 1;
    const said = await this.#ask(this.#visitor % 2, key);
    this.#figures.came += 1;
    if (said !== 101) this.#figures.refused.push(`${said} for key ${this.#keysEver.indexOf(key)}`);
  }

  /** The HTTP status for a token of this key at a gate. */
  async #ask(gate: number, key: string): Promise<number> {
    const token = await mintToken(this.#visitor, bytesOf(key));
    return (await RawConnection.ask(this.#cluster.door(gate), `GET /?token=${token}`, upgradeHeaders)).status;
  }

  async rotate(): Promise<void> {
    const [old, next] = [
      { jwt: this.#signing, link: this.#linkKey },
      { jwt: newKey(), link: newKey() },
    ];
    this.#keysEver.push(next.jwt, next.link);
    await this.#everywhere({ JWT_KEY_PREVIOUS: next.jwt, LINK_KEY: next.link, LINK_KEY_PREVIOUS: old.link });
    this.#accepted = [old.jwt, next.jwt];
    this.#signing = next.jwt;
    this.#linkKey = next.link;
    this.#moreBots();
    await this.#everywhere({ JWT_KEY: next.jwt, JWT_KEY_PREVIOUS: old.jwt, LINK_KEY_PREVIOUS: undefined });
    this.#accepted = [next.jwt];
    await this.#everywhere({ JWT_KEY_PREVIOUS: undefined });
    await this.#assertClosedTo(old);
  }

  /** Those who play from now on have tokens of the new key. */
  #moreBots(): void {
    const from = this.#bots.length;
    for (let at = from; at < from + 4 * Math.ceil(rooms / 5); at++) this.#bots.push(this.#botAt(at));
  }

  /** The files of every process become these, in any order, while links are broken. */
  async #everywhere(texts: KeyTexts): Promise<void> {
    const stage = { isOver: false };
    const breaking = this.#breakLinks(() => stage.isOver);
    const taken = await Promise.all([...this.#files].map(([server, files]) => files.change(texts, server, this.#chance)));
    stage.isOver = true;
    await breaking;
    this.#figures.takenMs.push(...taken);
  }

  /** At least once when all have the new keys. */
  async #breakLinks(isOver: () => boolean): Promise<void> {
    for (let isLast = false; !isLast; ) {
      await sleep(breakEveryMs);
      isLast = isOver();
      const brokenMs = performance.now();
      for (const { ways } of this.#proxies) for (const way of ways.splice(0)) way.destroy();
      this.#figures.breaks += 1;
      await sleep(50);
      await this.#linked();
      this.#figures.linkedMs.push(performance.now() - brokenMs);
    }
  }

  async #linked(): Promise<void> {
    await until("every link", async () => {
      const links = await Promise.all(this.#cluster.gates.map((gate) => metricOf(gate, "croupier_links")));
      return links.every((count) => count === this.#cluster.servers.length);
    });
  }

  /** What was taken out opens nothing any more; who came in by it is still there. */
  async #assertClosedTo(old: { jwt: string; link: string }): Promise<void> {
    assert.equal(this.#refusals, this.#refusalsOfStrangers, "one of our own was refused a link");
    const statuses = await Promise.all([
      this.#ask(0, old.jwt),
      this.#ask(1, old.jwt),
      this.#ask(0, this.#signing),
      this.#ask(1, this.#signing),
    ]);
    assert.deepEqual(statuses, [401, 401, 101, 101]);
    const stranger = await this.#cluster.addGate({ JWT_KEY: this.#signing, LINK_KEY: old.link });
    this.#cluster.gates.pop();
    await until("a refusal", () => stranger.lines.some((line) => says("link down")(line) && line.includes(unknownKey)));
    assert.equal(await metricOf(stranger, "croupier_links"), 0);
    stranger.signal("SIGKILL");
    await stranger.exited;
    assert.ok(this.#refusals > this.#refusalsOfStrangers, "who has the old key is refused");
    this.#refusalsOfStrangers = this.#refusals;
  }

  /** Links that the game servers have refused for their key. */
  get #refusals(): number {
    return this.#cluster.servers.flatMap(({ lines }) => lines.filter(says("link refusal"))).filter((line) => line.includes(unknownKey))
      .length;
  }

  async end(): Promise<void> {
    await sleep(3000);
    this.#stop();
    await Promise.all(this.#visits);
    await Promise.all(this.#bots.map(({ stopped }) => stopped));
    this.#report();
    this.#judge();
  }

  #stop(): void {
    clearInterval(this.#coming);
    for (const renewer of this.#renewers) renewer.stop();
    for (const bot of this.#bots) bot.stop();
  }

  #report(): void {
    const { takenMs, linkedMs, breaks, came, refused } = this.#figures;
    const report = sum(this.#bots);
    const renewals = this.#renewers.reduce((all, { accepted }) => all + accepted, 0);
    this.#t.diagnostic(
      `rotation: ${rotations} of both keys, ${this.#bots.length} bots and ${this.#renewers.length} watchers, ${report.reconnects} reconnects, ` +
        `${Object.keys(report.closes).length} closes; ${report.games} games, ${report.rolls} rolls, ${report.inconsistencies.length} inconsistent; ` +
        `rolls p50 ${report.rollMs.p50} ms, p99 ${report.rollMs.p99} ms, max ${report.rollMs.max} ms`,
    );
    this.#t.diagnostic(
      `rotation: ${renewals} tokens renewed in place, ${came} came in, ${refused.length} of them refused; ` +
        `files taken after ${spreadOf(takenMs)}; links broken ${breaks} times, back after ${spreadOf(linkedMs)}`,
    );
  }

  #judge(): void {
    const { takenMs, linkedMs, breaks, came, refused } = this.#figures;
    const report = sum(this.#bots);
    assert.deepEqual([report.reconnects, report.closes, report.errors, report.inconsistencies], [0, {}, {}, []]);
    assert.deepEqual(
      this.#renewers.flatMap(({ troubles }) => troubles),
      [],
    );
    assert.deepEqual(refused, []);
    assert.ok(came > 50, `${came} came in`);
    assert.ok(breaks >= 6 * rotations, `links were broken ${breaks} times`);
    assert.ok(report.games >= rooms, `${report.games} games`);
    for (const { accepted } of this.#renewers) assert.ok(accepted >= 5, `${accepted} renewals of one watcher`);
    assert.ok(Math.max(...takenMs) <= takenWithinMs * patience, `taken after ${Math.max(...takenMs)} ms`);
    assert.ok(Math.max(...linkedMs) <= linkedWithinMs * patience, `linked after ${Math.max(...linkedMs)} ms`);
    this.#judgeLogs();
  }

  /** Nothing that was half written was ever taken for the whole, and no key of any time was said. */
  #judgeLogs(): void {
    const { gates, servers } = this.#cluster;
    for (const { lines } of [...gates, ...servers]) {
      assert.deepEqual(lines.filter(says("secret failure")), []);
      assert.deepEqual(leaksIn(lines.join("\n"), this.#keysEver), []);
    }
  }
}
