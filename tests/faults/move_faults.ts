/**
 * Moves of the ledger's rooms between the game servers of a cluster, in the middle of which
 * a process is killed or stopped: the giver, the taker or a gate. The process that has reached the
 * step sends the signal itself (ledger_server.ts), so that nothing happens in between.
 *
 *     giver   offering ──────────────────────> answered, accepted, outgoing, committing, committed, given, activating
 *     taker              offered, incoming ──>                                                                  activated, taken
 */
import assert from "node:assert/strict";
import type { Chance } from "#simulation/chance.ts";
import type { LedgerCluster, ProcessPart, ServerPart } from "./ledger_cluster.ts";
import { storedValues } from "./ledger_crowd.ts";
import { sleep, until } from "./measure.ts";

const giverSteps = ["offering", "answered", "accepted", "outgoing", "committing", "committed", "given", "activating"] as const;
const takerSteps = ["offered", "incoming", "activated", "taken"] as const;

export type MoveStep = (typeof giverSteps)[number] | (typeof takerSteps)[number];
export const moveSteps: readonly MoveStep[] = [...giverSteps, ...takerSteps];
export type Victim = "giver" | "taker" | "gate";
export type Fault = "SIGKILL" | "SIGSTOP";

export interface MoveFault {
  readonly step: MoveStep;
  readonly victim: Victim;
  readonly fault: Fault;
}

/** A victim is away for so long, milliseconds: from shorter than anybody notices to longer than a link may be silent. */
const awayMs = { least: 200, most: 4000 };
/** A room is frozen for an offer's answer, a link's silence, a dial and a second question, all of 2 s or 3 s, and then somebody plays it. */
const settledMsMax = 15_000;
const attempts = 20;

export class MoveFaults {
  readonly #cluster: LedgerCluster;
  readonly #chance: Chance;
  /** How long it took each time, from when all were back, until no room was between two servers. */
  readonly settledMs: number[] = [];

  constructor(cluster: LedgerCluster, chance: Chance) {
    this.#cluster = cluster;
    this.#chance = chance;
  }

  /** Moves rooms until the step is reached, lets the victim be away for a while, and waits until every room has one owner. */
  async run(fault: MoveFault): Promise<void> {
    const [giver, taker] = this.#pair();
    const victim = this.#victim(fault.victim, giver, taker);
    if (fault.fault === "SIGKILL") victim.expectEnd();
    await this.#reach(fault, giver, taker, victim);
    const forMs = this.#chance.between(awayMs.least, awayMs.most);
    if (fault.fault === "SIGKILL") {
      await victim.kill();
      await sleep(forMs / 4);
      await victim.restart();
    } else {
      await sleep(forMs);
      victim.thaw();
    }
    const startMs = performance.now();
    await until(
      `one owner of every room after ${fault.fault} of the ${fault.victim} at "${fault.step}"`,
      () => this.#isSettled(),
      settledMsMax,
    );
    this.settledMs.push(performance.now() - startMs);
  }

  /** Who has rooms gives one to somebody else. */
  #pair(): [ServerPart, ServerPart] {
    const { servers } = this.#cluster;
    const giver = this.#chance.pick(servers.filter(({ folder }) => this.#livesIn(folder).length > 0));
    assert.ok(giver !== undefined, "nobody plays");
    return [giver, this.#chance.pick(servers.filter((server) => server !== giver))];
  }

  #victim(victim: Victim, giver: ServerPart, taker: ServerPart): ProcessPart {
    if (victim === "gate") return this.#chance.pick(this.#cluster.gates);
    return victim === "giver" ? giver : taker;
  }

  async #reach({ step, fault }: MoveFault, giver: ServerPart, taker: ServerPart, victim: ProcessPart): Promise<void> {
    const isGivers = (giverSteps as readonly string[]).includes(step);
    const { process: run } = isGivers ? giver.member : taker.member;
    const from = run.lines.length;
    run.write(`${step}:1 ${victim.pid} ${fault}\n`);
    const burnt = run.until((line) => line === `burnt ${step}`, from).then(() => true);
    for (let attempt = 0; attempt < attempts; attempt++) {
      for (const life of this.#livesIn(giver.folder)) void moveRoom(giver, taker, life);
      if (await Promise.race([burnt, sleep(500).then(() => false)])) return;
    }
    assert.fail(`"${step}" was not reached`);
  }

  #livesIn(folder: string): string[] {
    return storedValues(folder).flatMap(({ life, isOver, passage }) => (isOver || passage !== undefined ? [] : [life]));
  }

  /** No room is between two servers, and none is two servers'. */
  #isSettled(): boolean {
    const rows = this.#cluster.servers.flatMap(({ folder }) => storedValues(folder));
    const owned = rows.map(({ life }) => life);
    return rows.every(({ passage }) => passage === undefined) && new Set(owned).size === owned.length;
  }
}

/** Asks for it, as an operator would; whoever answers may die meanwhile. */
async function moveRoom({ member: { server } }: ServerPart, { member: taker }: ServerPart, life: string): Promise<void> {
  const init = {
    method: "POST",
    body: JSON.stringify({ to: `127.0.0.1:${taker.server.port}` }),
    headers: { "Content-Type": "application/json" },
  };
  await fetch(`http://127.0.0.1:${server.adminPort}/rooms/${life}/move`, init).catch(() => {});
}
