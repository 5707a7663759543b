/** What is compared answers: everybody who asks, and everybody in the room who tells. No figure is judged here. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { has } from "#tests/support/skip.ts";
import { Crowd } from "./load.ts";
import { roundOf } from "./messages.ts";
import { join, type Subject } from "./subject.ts";
import { Colyseus } from "./subjects/colyseus.ts";
import { Croupier } from "./subjects/croupier.ts";
import { Floor } from "./subjects/floors.ts";

const playersPerRoom = 4;
const kinds: Readonly<Record<string, () => Promise<Subject>>> = {
  croupier: () => Croupier.start("croupier"),
  "bare ws": () => Floor.bareWs(),
  "two hops": () => Floor.twoHops(),
  "the floor": () => Floor.once(),
  "the durable floor": () => Floor.durable(),
  ...(Colyseus.isInstalled ? { Colyseus: () => Colyseus.start() } : {}),
};

async function answers(t: TestContext, subject: Subject, kind: "ask" | "tell"): Promise<void> {
  const crowd = await Crowd.seat(subject, { players: 2 * playersPerRoom, playersPerRoom, kind });
  t.after(() => crowd.leave());
  const round = await roundOf(subject, () => crowd.askAsAnswered(200));
  assert.ok(round.questionsPerSecond > 0);
  const heardBy = round.deliveriesPerSecond / round.questionsPerSecond;
  assert.equal(Math.round(heardBy), kind === "ask" ? 1 : playersPerRoom);
  for (const [name, microseconds] of Object.entries(round.cpu)) assert.ok(microseconds > 0, `${name} has done something`);
  crowd.leave();
}

for (const [name, start] of Object.entries(kinds)) {
  test(`[bench] ${name} answers who asks, and tells the room`, async (t) => {
    if (!has(t, "taskset") || !has(t, "setpriv")) return;
    const subject = await start();
    t.after(() => subject.stop());
    assert.equal(subject.name, name);
    await answers(t, subject, "ask");
    await answers(t, subject, "tell");
  });
}

test("[bench] whoever is refused a seat is told why, instead of waiting for it", async (t) => {
  if (!has(t, "taskset") || !has(t, "setpriv")) return;
  const floor = await Floor.bareWs();
  t.after(() => floor.stop());
  const wire = { upgrade: () => ({ path: "/1" }), greeting: () => [], onGreeting: () => assert.fail("refused: 119 unknown game") };
  await assert.rejects(join({ address: floor.address, wire }, 1, 1), /119 unknown game/);
});
