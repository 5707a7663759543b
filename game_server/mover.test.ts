/** Which room is offered to whom, and when no more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { ManualClock } from "#tests/support/manual_clock.ts";
import { Mover } from "./mover.ts";
import type { PeerLink } from "./peer_link.ts";
import type { Room } from "./room.ts";

/** A mover of one room, and two servers that answer when the test says so. */
function moverOfOne() {
  const clock = new ManualClock();
  const offered: string[] = [];
  let answer: (isGiven: boolean) => void = () => {};
  const takers = ["b", "c"].map((journal) => ({ server: { journal }, address: journal, rooms: 0 }) as unknown as PeerLink);
  const room = { game: "dice", isPlayed: true } as Room;
  const mover = new Mover({
    clock,
    rooms: { all: () => [room] },
    peers: { takers: async () => takers },
    departures: {
      give: (_room, { server }) => {
        offered.push(server.journal);
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    },
  });
  const says = async (isGiven: boolean): Promise<void> => {
    answer(isGiven);
    await immediate();
  };
  return { clock, mover, offered, says };
}

const nobodyListens = { onBegun: () => {}, onStuck: () => {} };

test("[P6] a room that nobody took is offered to the next server, and again a second later", async () => {
  const { clock, mover, offered, says } = moverOfOne();
  mover.begin(nobodyListens);
  await immediate();
  await says(false);
  await says(false);
  assert.deepEqual(offered, ["b", "c"]);
  await clock.advance(1000);
  assert.deepEqual(offered, ["b", "c", "b"]);
  mover.stop();
  await says(false);
  assert.equal(clock.pending, 0);
});

test("[P6] a drain that is taken back offers a room that one server has refused to no other", async () => {
  const { clock, mover, offered, says } = moverOfOne();
  mover.begin(nobodyListens);
  await immediate();
  mover.stop();
  await says(false);
  await clock.advance(5000);
  assert.deepEqual([offered, clock.pending], [["b"], 0]);
});
