/**
 * Moves of the ledger's rooms between the game servers of a cluster, in the middle of which
 * a process is killed or stopped: the giver, the taker, a gate or Redis. The process that has reached the
 * step sends the signal itself (ledger_server.ts), so that nothing happens in between.
 *
 *     giver   offering ──────────────────────> answered, accepted, outgoing, committing, committed, given, activating
 *     taker              offered, incoming ──>                                                                  activated, taken
 */
import assert from "node:assert/strict";
import type { Chance } from "#simulation/chance.ts";
import type { LedgerCluster, ProcessPart, ServerPart } from "./ledger_cluster.ts";
import { storedValues } from "./ledger_crowd.ts";
import { patience, sleep, until } from "./measure.ts";

const giverSteps = ["offering", "answered", "accepted", "outgoing", "committing", "committed", "given", "activating"] as const;
const takerSteps = ["offered", "incoming", "activated", "taken"] as const;

export type MoveStep = (typeof giverSteps)[number] | (typeof takerSteps)[number];
export const moveSteps: readonly MoveStep[] = [...giverSteps, ...takerSteps];
export type Victim = "giver" | "taker" | "gate" | "redis";
export type Fault = "SIGKILL" | "SIGSTOP";

export interface MoveFault {
  readonly step: MoveStep;
  readonly victim: Victim;
  readonly fault: Fault;
}

/** A victim is away for so long, milliseconds: from shorter than anybody notices to longer than a link may be silent. */
const shortly = { least: 200, most: 4000 };
/** Who finds that he was away for too long usually ends by himself within this time. */
const lapseMs = 3000;
/** A room is frozen for an offer's answer, a link's silence, a dial and a second question, all of 2 s or 3 s, and then somebody plays it. */
const settledMsMax = 15_000 * patience;
/** How often, and for how long each time, a step is tried to be reached. */
const attempts = 20;
const reachMsMax = 1000;
const lookEveryMs = 20;

export class MoveFaults {
  readonly #cluster: LedgerCluster;
  readonly #chance: Chance;
  /** How long it took each time, from when all were back, until no room was between two servers. */
  readonly settledMs: number[] = [];

  readonly #awayMs: { readonly least: number; readonly most: number };

  constructor(cluster: LedgerCluster, chance: Chance, awayMs = shortly) {
    this.#cluster = cluster;
    this.#chance = chance;
    this.#awayMs = awayMs;
  }

  /** Moves rooms until the step is reached, lets the victim be away for a while, and waits until every room has one owner. */
  async run(fault: MoveFault): Promise<void> {
    const gate = this.#chance.pick(this.#cluster.gates);
    if (fault.victim === "gate" && fault.fault === "SIGKILL") gate.expectEnd();
    const victim = await this.#reach(fault, gate);
    const forMs = this.#chance.between(this.#awayMs.least, this.#awayMs.most);
    if (fault.fault === "SIGKILL") {
      await victim.kill();
      await sleep(forMs / 4);
      await victim.restart();
    } else {
      await sleep(forMs);
      victim.thaw();
      if (this.#awayMs !== shortly) await sleep(lapseMs);
    }
    const startMs = performance.now();
    const isSettled = async (): Promise<boolean> => {
      // The victim finds that it was away for too long; and where others use the machine, so may another one.
      for (const part of [victim, ...this.#cluster.servers]) if (part.isGone) await part.restart();
      return this.#betweenServers().length === 0;
    };
    await until(`one owner of every room after ${shown(fault)}`, isSettled, settledMsMax).catch((thrown: unknown) => {
      const state = { between: this.#betweenServers(), victim: victim.name, isGone: victim.isGone };
      throw new Error(JSON.stringify(state), { cause: thrown });
    });
    this.settledMs.push(performance.now() - startMs);
  }

  /** Gives the victim when it has been sent its signal. */
  async #reach(fault: MoveFault, gate: ProcessPart): Promise<ProcessPart> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { giver, taker } = this.#pair();
      const victim = { giver, taker, gate, redis: this.#cluster.redisPart }[fault.victim];
      if (await this.#tryToReach(fault, giver, taker, victim)) return victim;
    }
    assert.fail(`not reached: ${shown(fault)}`);
  }

  /** Who has rooms gives them to somebody else. */
  #pair(): { giver: ServerPart; taker: ServerPart } {
    const { servers } = this.#cluster;
    const givers = servers.filter(({ folder }) => this.#livesIn(folder).length > 0);
    const giver = this.#chance.pick(givers.length > 0 ? givers : servers);
    return { giver, taker: this.#chance.pick(servers.filter((server) => server !== giver)) };
  }

  /** False: the room has gone another way, or has ended. */
  async #tryToReach({ step, fault }: MoveFault, giver: ServerPart, taker: ServerPart, victim: ProcessPart): Promise<boolean> {
    const isGivers = (giverSteps as readonly string[]).includes(step);
    const { process: run } = isGivers ? giver.member : taker.member;
    const from = run.lines.length;
    run.write(`${step}:1 ${victim.pid} ${fault}\n`);
    const burnt = (): boolean => run.lines.slice(from).includes(`burnt ${step}`);
    for (const life of this.#livesIn(giver.folder)) void moveRoom(giver, taker, life);
    for (let waitedMs = 0; waitedMs < reachMsMax && !burnt(); waitedMs += lookEveryMs) await sleep(lookEveryMs);
    if (burnt()) return true;
    run.write("out\n");
    await sleep(lookEveryMs);
    return burnt();
  }

  #livesIn(folder: string): string[] {
    return storedValues(folder).flatMap(({ life, isOver, passage }) => (isOver || passage !== undefined ? [] : [life]));
  }

  /** Rooms that are on their way, and rooms that two servers have. */
  #betweenServers(): readonly object[] {
    const rows = this.#cluster.servers.flatMap(({ folder }) => storedValues(folder));
    const journals = Map.groupBy(rows, ({ life }) => life);
    const between = rows.filter(({ life, passage }) => passage !== undefined || (journals.get(life)?.length ?? 0) > 1);
    return between.map(({ life, room, owner, epoch, isOver, passage }) => ({ life, room, owner, epoch, isOver, passage }));
  }
}

function shown({ step, victim, fault }: MoveFault): string {
  return `${fault} of the ${victim} at "${step}"`;
}

/** Asks for it, as an operator would; whoever answers may die meanwhile. Whether the room has gone. */
export async function moveRoom({ member: { server } }: ServerPart, taker: ServerPart, life: string): Promise<boolean> {
  const url = `http://127.0.0.1:${server.adminPort}/rooms/${life}/move?to=${taker.journal}`;
  const status = await fetch(url, { method: "POST" }).then(
    (response) => response.status,
    () => 0,
  );
  assert.notEqual(status, 400);
  return status === 200;
}
