/**
 * Everything together, on real processes: rooms move all the time between three game servers, while each of these, each of
 * two gates and Redis is killed, frozen or cut off, at random and independently of the
 * others. What the simulation does with a virtual world is done here with a real one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Chance } from "#simulation/chance.ts";
import type { TcpProxy } from "#tests/support/tcp_proxy.ts";
import { LedgerCluster, type ProcessPart } from "./ledger_cluster.ts";
import { storedRooms } from "./ledger_crowd.ts";
import { isFull, sleep } from "./measure.ts";
import { moveRoom } from "./move_faults.ts";

const lengthMs = isFull ? 300_000 : 30_000;
/** On a machine that others use rooms move less often. */
const moveEveryMsMax = isFull ? 2000 : 5000;
const faultEveryMs = 8000;
const moveEveryMs = 300;
const downMs = 500;
const awayMs = 2000;
/** Longer ones are cut short: sessions are held, and rooms kept, for 90 s. */
const awayMsMax = 6000;

class Storm {
  readonly counts = { moves: 0, kills: 0, freezes: 0, cuts: 0 };
  readonly #cluster: LedgerCluster;
  readonly #chance: Chance;
  readonly #endMs = performance.now() + lengthMs;

  constructor(cluster: LedgerCluster, chance: Chance) {
    this.#cluster = cluster;
    this.#chance = chance;
  }

  /** Moves one room after another. */
  async move(): Promise<void> {
    while (await this.#pass(moveEveryMs)) {
      const { servers } = this.#cluster;
      const giver = this.#chance.pick(servers);
      const lives = storedRooms(giver.folder).flatMap(({ life, isOver }) => (isOver ? [] : [life]));
      if (lives.length === 0) continue;
      const taker = this.#chance.pick(servers.filter((server) => server !== giver));
      void moveRoom(giver, taker, this.#chance.pick(lives)).then((hasGone) => {
        this.counts.moves += Number(hasGone);
      });
    }
  }

  /** One misfortune after another for this one; it ends well. */
  async strike(part: ProcessPart, proxy: TcpProxy | undefined): Promise<void> {
    while (await this.#pass(faultEveryMs)) {
      const likelihood = this.#chance.fraction();
      if (likelihood < 0.4) await this.#kill(part);
      else if (likelihood < 0.7 || proxy === undefined) await this.#freeze(part);
      else await this.#cut(proxy);
    }
  }

  async #kill(part: ProcessPart): Promise<void> {
    this.counts.kills += 1;
    await part.kill();
    await sleep(this.#chance.about(downMs));
    await part.restart();
  }

  async #freeze(part: ProcessPart): Promise<void> {
    this.counts.freezes += 1;
    part.freeze();
    await sleep(Math.min(this.#chance.about(awayMs), awayMsMax));
    part.thaw();
  }

  async #cut(proxy: TcpProxy): Promise<void> {
    this.counts.cuts += 1;
    proxy.cut();
    await sleep(Math.min(this.#chance.about(awayMs), awayMsMax));
    proxy.go();
  }

  /** False when it is over. */
  async #pass(meanMs: number): Promise<boolean> {
    const leftMs = Math.max(0, this.#endMs - performance.now());
    await sleep(Math.min(this.#chance.about(meanMs), leftMs));
    return performance.now() < this.#endMs;
  }
}

test(`[P1][P2][P3][P4] ${lengthMs / 1000} s of kills, freezes and cut links everywhere while rooms move: the verdict holds`, {
  timeout: lengthMs + 240_000,
}, async (t) => {
  const chance = new Chance(42);
  const cluster = await LedgerCluster.open(t, { players: 24, rooms: 8, seed: 42, servers: 0 });
  if (cluster === undefined) return;
  const proxies = new Map<ProcessPart, TcpProxy>();
  for (let at = 0; at < 3; at++) {
    const proxy = await cluster.addServerBehindProxy();
    proxies.set(cluster.servers[at] as ProcessPart, proxy);
  }
  await cluster.linked();
  const storm = new Storm(cluster, chance);
  await Promise.all([storm.move(), ...cluster.parts.map((part) => storm.strike(part, proxies.get(part)))]);
  const seatedMs = await cluster.end();
  const { inputs, receipts } = cluster.verdict;
  const counts = Object.entries(storm.counts).map(([what, count]) => `${count} ${what}`);
  t.diagnostic(`storm: ${counts.join(", ")}; ${inputs} inputs, ${receipts} receipts, all seated after ${seatedMs.toFixed(0)} ms`);
  assert.ok(storm.counts.moves > lengthMs / moveEveryMsMax, "hardly any room has moved");
  assert.ok(receipts > lengthMs / 100, "hardly anybody has played");
});
