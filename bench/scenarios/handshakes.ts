/**
 * Players come in and sit down, and all leave again: upgrade, token, sit. The rooms they sit in are there already, but in the
 * first round, which is not counted. What it costs that they leave is not counted either.
 */
import { atOnce } from "#bench/at_once.ts";
import { CpuWatch, quiet } from "#bench/cpu_watch.ts";
import { perCoreRow, type Round } from "#bench/per_core.ts";
import { dividedBy, sumOf } from "#bench/per_process.ts";
import type { RawSocket } from "#bench/raw_socket.ts";
import { atLeast, type Scenario, type ScenarioOptions, type Table } from "#bench/scenario.ts";
import { join, type Subject } from "#bench/subject.ts";
import { median } from "#tests/faults/measure.ts";

/** Handshakes under way. */
const width = 32;
/** Players of a round, for each second that was asked for. */
export const joinsPerSecond = 750;
export const seats = 4;
/** Nobody of another scenario. */
const firstUser = 1_000_000;
const joinsPerSecondMin = 3000;

export const handshakes: Scenario = {
  name: "handshakes",
  about: "players come in and sit down: upgrade, token, sit",
  async run({ rounds, seconds, subjects: { all, croupier } }: ScenarioOptions): Promise<Table> {
    const joins = Math.ceil(joinsPerSecond * seconds);
    for (const subject of all) await joinAll(subject, joins);
    const heard = new Map<Subject, Round[]>(all.map((subject) => [subject, []]));
    for (let round = 0; round < rounds; round++) for (const [subject, done] of heard) done.push(await joinAll(subject, joins));
    const rows = [...heard].map(([{ name }, done]) => perCoreRow(name, done));
    const perCore = 1e6 / median((heard.get(croupier) ?? []).map(({ cpu }) => sumOf(cpu)));
    return {
      title: `Handshakes: ${joins} players in rooms of ${seats}, ${width} under way`,
      columns: ["", "CPU µs a join", "of it the gate", "of it the game server", "joins/s a core", "joins/s seen"],
      rows,
      targets: atLeast(joinsPerSecondMin, perCore, `handshakes: joins/s of croupier on a core ≥ ${joinsPerSecondMin}`),
    };
  },
};

async function joinAll(subject: Subject, joins: number): Promise<Round> {
  await quiet(subject);
  const sockets: RawSocket[] = [];
  const [watch, startMs] = [new CpuWatch(subject), performance.now()];
  await atOnce(width, Array(joins).keys(), async (at) => {
    sockets.push(await join(subject, firstUser + at, firstUser + Math.floor(at / seats)));
  });
  const [cpu, seconds] = [dividedBy(watch.spent, joins), (performance.now() - startMs) / 1000];
  for (const socket of sockets) socket.close();
  return { cpu, perSecond: joins / seconds };
}
