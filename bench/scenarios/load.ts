/** How long an answer takes the busier a subject is. */
import { setTimeout as sleep } from "node:timers/promises";
import { Crowd } from "#bench/load.ts";
import { goneMs, latency, type Round, roundOf } from "#bench/messages.ts";
import type { Scenario } from "#bench/scenario.ts";
import type { Subject } from "#bench/subject.ts";
import { median } from "#tests/faults/measure.ts";

/** Of the questions that it answers when everybody asks as soon as he is answered. */
const shares = [0.1, 0.25, 0.5, 0.75, 0.9] as const;

interface Loaded {
  readonly subject: Subject;
  readonly crowd: Crowd;
  readonly rounds: readonly Round[][];
}

async function seat(subject: Subject, ms: number): Promise<Loaded> {
  const crowd = await Crowd.seat(subject, { players: 100, playersPerRoom: 4, kind: "ask" });
  await crowd.askAsAnswered(2 * ms);
  return { subject, crowd, rounds: shares.map(() => []) };
}

/** As much as it answers now, and then shares of that. */
async function measure({ subject, crowd, rounds }: Loaded, ms: number): Promise<void> {
  const { questionsPerSecond } = await roundOf(subject, () => crowd.askAsAnswered(ms));
  for (const [at, share] of shares.entries()) {
    rounds[at]?.push(await roundOf(subject, () => crowd.askAtPace(ms, questionsPerSecond * share)));
  }
}

export const load: Scenario = {
  name: "load",
  about: "100 players in rooms of 4 ask at a pace, each in his turn",
  async run({ rounds, seconds, subjects }) {
    const ms = seconds * 1000;
    const loaded: Loaded[] = [];
    for (const subject of subjects.all) loaded.push(await seat(subject, ms));
    for (let round = 0; round < rounds; round++) for (const each of loaded) await measure(each, ms);
    for (const { crowd } of loaded) crowd.leave();
    await sleep(goneMs);
    const measured = loaded.map(({ subject, rounds }) => ({
      name: subject.name,
      points: rounds.map((each) => ({
        perSecond: median(each.map(({ questionsPerSecond }) => questionsPerSecond)),
        p50Ms: latency(each, 0.5),
        p99Ms: latency(each, 0.99),
      })),
    }));
    return {
      title: "Latency against load",
      columns: ["", "load", "questions/s", "p50 ms", "p99 ms"],
      rows: measured.flatMap(({ name, points }) =>
        points.map(({ perSecond, p50Ms, p99Ms }, at) => [name, `${(shares[at] ?? 0) * 100} %`, perSecond, p50Ms, p99Ms]),
      ),
      targets: [],
      plot: {
        title: "Request → reply: p99 latency against load (10 to 90 % of what each does at most)",
        x: { name: "questions a second", scale: "even" },
        y: { name: "p99, ms", scale: "logarithmic" },
        lines: measured.map(({ name, points }) => ({ name, points: points.map(({ perSecond, p99Ms }) => [perSecond, p99Ms] as const) })),
      },
    };
  },
};
