/** What an answer costs the more rooms there are. */
import { setTimeout as sleep } from "node:timers/promises";
import { Crowd } from "#bench/load.ts";
import { cpuOf, goneMs, type Round, roundOf } from "#bench/messages.ts";
import type { Scenario } from "#bench/scenario.ts";
import type { Subject } from "#bench/subject.ts";
import { median } from "#tests/faults/measure.ts";

/** Players in rooms of four. */
const sizes = [4, 20, 100, 400] as const;
const warmUpMs = 300;

async function measure(subject: Subject, players: number, ms: number): Promise<Round> {
  const crowd = await Crowd.seat(subject, { players, playersPerRoom: 4, kind: "ask" });
  await crowd.askAsAnswered(warmUpMs);
  const round = await roundOf(subject, () => crowd.askAsAnswered(ms));
  crowd.leave();
  await sleep(goneMs);
  return round;
}

export const size: Scenario = {
  name: "size",
  about: "4, 20, 100, 400 players in rooms of 4 ask, and each is answered alone",
  async run({ rounds, seconds, subjects }) {
    const measured = subjects.all.map((subject) => ({ subject, bySize: sizes.map((): Round[] => []) }));
    for (let round = 0; round < rounds; round++)
      for (const [at, players] of sizes.entries())
        for (const { subject, bySize } of measured) bySize[at]?.push(await measure(subject, players, seconds * 1000));
    const lines = measured.map(({ subject, bySize }) => ({
      name: subject.name,
      points: bySize.map((each, at) => [sizes[at] ?? 0, median(each.map(cpuOf))] as const),
    }));
    return {
      title: "CPU µs a message against rooms and clients",
      columns: ["", ...sizes.map((players) => `${players / 4} rooms, ${players} clients`)],
      rows: lines.map(({ name, points }) => [name, ...points.map(([, cpu]) => cpu)]),
      targets: [],
      plot: {
        title: "Request → reply: server CPU a message against clients, in rooms of 4",
        x: { name: "clients", scale: "logarithmic" },
        y: { name: "µs of CPU", scale: "even" },
        lines,
      },
    };
  },
};
