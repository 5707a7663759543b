/** Which room is offered to whom, and when no more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { ManualClock } from "#runtime/clock_manual.ts";
import type { Given } from "./departures.ts";
import { Mover } from "./mover.ts";
import type { PeerLink } from "./peer_link.ts";
import type { Room } from "./room.ts";

/** A mover of one room, or more, and two servers that answer when the test says so: the one that was asked first. */
function moverOf(count = 1) {
  const clock = new ManualClock();
  const offered: string[] = [];
  const answers: ((given: Given) => void)[] = [];
  const takers = ["b", "c"].map((journal) => ({ server: { journal }, address: journal, rooms: 0 }) as unknown as PeerLink);
  const rooms = Array.from({ length: count }, () => ({ game: "dice", version: 1, isPlayed: true }) as Room);
  const mover = new Mover({
    clock,
    rooms: { all: () => rooms },
    peers: { takers: async () => takers },
    departures: {
      mayGive: () => true,
      give: (_room, { server }) => {
        offered.push(server.journal);
        return new Promise((resolve) => answers.push(resolve));
      },
    },
  });
  const says = async (given: Given): Promise<void> => {
    answers.shift()?.(given);
    await immediate();
  };
  return { clock, mover, offered, says };
}

const nobodyListens = { onBegun: () => {}, onStuck: () => {} };

test("[P5][P6] a room that nobody took is offered to the next server, and again when its players have had a rest", async () => {
  const { clock, mover, offered, says } = moverOf();
  mover.begin(nobodyListens);
  await immediate();
  await says("refused");
  await says("refused");
  assert.deepEqual(offered, ["b", "c"]);
  await clock.advance(4900);
  assert.deepEqual(offered, ["b", "c"], "each offer is a pause");
  await clock.advance(1000);
  assert.deepEqual(offered, ["b", "c", "b"]);
  await says("refused");
  await says("refused");
  await clock.advance(9900);
  assert.equal(offered.length, 4, "and the rest is twice as long each time");
  await clock.advance(1000);
  assert.deepEqual(offered, ["b", "c", "b", "c", "b"]);
  mover.stop();
  await says("refused");
  assert.equal(clock.pending, 0);
});

test("[P5][P6] a room is offered no more to a server that has said that it cannot read it", async () => {
  const { clock, mover, offered, says } = moverOf();
  mover.begin(nobodyListens);
  await immediate();
  await says("unreadable");
  await says("unreadable");
  await clock.advance(3_600_000);
  assert.deepEqual(offered, ["b", "c"]);
});

test("[P6] a drain that is taken back offers a room that one server has refused to no other", async () => {
  const { clock, mover, offered, says } = moverOf();
  mover.begin(nobodyListens);
  await immediate();
  mover.stop();
  await says("refused");
  await clock.advance(5000);
  assert.deepEqual([offered, clock.pending], [["b"], 0]);
});

test("[admin] a rebalancing says how far it is; asked for again meanwhile it is the same one", async () => {
  const { mover, says, offered } = moverOf(6);
  assert.deepEqual(mover.rebalancing, { isUnderWay: false, moved: 0, left: 0 });
  const asked = [mover.rebalance(), mover.rebalance()];
  await immediate();
  assert.deepEqual(mover.rebalancing, { isUnderWay: true, moved: 0, left: 4 }, "two of six are its share");
  await says("given");
  assert.deepEqual(mover.rebalancing, { isUnderWay: true, moved: 1, left: 3 });
  for (let time = 0; time < 3; time++) await says("refused");
  assert.deepEqual(mover.rebalancing, { isUnderWay: true, moved: 1, left: 3 }, "each is offered to the other server, too");
  for (let time = 0; time < 3; time++) await says("refused");
  assert.deepEqual(mover.rebalancing, { isUnderWay: false, moved: 1, left: 0 });
  assert.deepEqual(await Promise.all(asked), [1, 1]);
  assert.equal(offered.length, 7, "nothing was offered twice");
});
