/** What happens in each scenario does happen, in its smallest form, and is told with a figure in every column. None is judged here. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { RoomsPageView } from "#protocol/admin_views.ts";
import { isFull, until } from "#tests/faults/measure.ts";
import { has } from "#tests/support/skip.ts";
import type { Scenario, SubjectsAtHand } from "./scenario.ts";
import { dice } from "./scenarios/dice.ts";
import { handshakes, joinsPerSecond, seats } from "./scenarios/handshakes.ts";
import { idle } from "./scenarios/idle.ts";
import { links } from "./scenarios/links.ts";
import { moves } from "./scenarios/moves.ts";
import { recovery } from "./scenarios/recovery.ts";
import { rooms } from "./scenarios/rooms.ts";
import { storm } from "./scenarios/storm.ts";
import { Croupier } from "./subjects/croupier.ts";
import { names } from "./subjects_at_hand.ts";

const smallest = { rounds: 1, seconds: 0.02 };
/** The others start processes of their own, most of them many: in full runs. */
const onSharedSubjects: readonly Scenario[] = [handshakes, rooms];
const onTheirOwn: readonly Scenario[] = [moves, ...(isFull ? [idle, dice, recovery, storm, links] : [])];

async function tells(scenario: Scenario, subjects: SubjectsAtHand, targets: number): Promise<void> {
  const { columns, rows, targets: held } = await scenario.run({ ...smallest, subjects });
  assert.ok(rows.length > 0);
  for (const row of rows) {
    assert.equal(row.length, columns.length);
    for (const [at, cell] of row.slice(1).entries()) assert.ok(Number.isFinite(cell), `${columns[at + 1]}: ${cell}`);
  }
  assert.equal(held.length, targets);
}

async function roomsOf({ admin }: Croupier): Promise<number> {
  const { rooms: all } = (await (await fetch(`http://127.0.0.1:${admin.gameServer}/rooms`)).json()) as RoomsPageView;
  return all.length;
}

function canMeasure(t: TestContext): boolean {
  return has(t, "taskset") && has(t, "setpriv");
}

test("[bench] players come in, rooms begin and end, and every figure is there", async (t) => {
  if (!canMeasure(t)) return;
  const croupier = await Croupier.start(names.croupier);
  t.after(() => croupier.stop());
  for (const scenario of onSharedSubjects) await tells(scenario, { all: [croupier], croupier }, 1);
  const wasHere = Math.ceil((joinsPerSecond * smallest.seconds) / seats);
  await until("the rooms that began to end", async () => (await roomsOf(croupier)) === wasHere);
});

for (const scenario of onTheirOwn) {
  test(`[bench] ${scenario.name}: ${scenario.about}`, { timeout: 120_000 }, async (t) => {
    if (!canMeasure(t) || (scenario === storm && !has(t, "redis-server"))) return;
    const named = { name: names.croupier } as Croupier;
    const { columns, rows } = await scenario.run({ ...smallest, subjects: { all: [named], croupier: named } });
    assert.ok(rows.length > 0);
    for (const row of rows) assert.equal(row.length, columns.length);
  });
}
