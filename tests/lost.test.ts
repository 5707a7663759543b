/** Rooms that another server turns out to have: what is here of them goes, and stands in nobody's way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conflicts, Life } from "#fleet/directory.ts";
import type { Game } from "#game_server/game.ts";
import { encode, type Frame, frame } from "#protocol/frame.ts";
import { SitDownRequestSchema, Command as System } from "#protocol/gen/frame_pb.ts";
import { TakerAtHand } from "./support/peer_at_hand.ts";
import { quiet } from "./support/quiet_game.ts";
import { SmallHouse } from "./support/small_house.ts";

const table: Game<unknown> = { ...quiet, name: "table", arrive: (t, _state, player) => t.send(player.user, frame(200)) };

function sit(metadata: Record<string, string> = {}): Frame {
  return encode(System.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "table", ...metadata } });
}

function lost(kind: "lives" | "moved", life: Life | undefined): Conflicts {
  return { lives: [], users: [], moved: [], [kind]: life === undefined ? [] : [life] };
}

test("[P1][P8] a match is not led into a room that another server has moved on with", async () => {
  const house = await SmallHouse.open(table);
  const [one, two] = [house.player(1), house.player(2)];
  one.says(sit());
  await house.settle();
  house.server.lose(lost("moved", house.server.announcement()[0]?.life));
  await house.settle();
  two.says(sit());
  await house.settle();
  assert.deepEqual(two.hears(), ["SitDown 2@0", "200 (0 bytes)"]);
  assert.equal(house.server.counts().lives, 1);
});

for (const kind of ["lives", "moved"] as const) {
  test(`[P8][P10] an unreadable room of which the directory has another one (${kind}) is not told again and again`, async () => {
    const game = { ...table };
    const house = await SmallHouse.open(game);
    house.player(1).says(sit({ room_id: "1" }));
    await house.settle();
    await house.kill();
    game.version = 0;
    house.restart();
    await house.pass(3000);
    const [unreadable] = house.server.announcement();
    house.server.lose(lost(kind, unreadable?.life));
    await house.settle();
    assert.deepEqual([house.server.counts().lives, house.server.announcement()], [0, []]);
    await house.kill();
    house.restart();
    assert.deepEqual([house.server.counts().lives, house.written("1")?.seats], [0, undefined]);
  });
}

test("[P4][P5] a watcher's match is led to a room that is played here, not to one that is being given away", async () => {
  const house = await SmallHouse.open(table);
  const taker = new TakerAtHand(house.clock, "table");
  await house.kill();
  house.restart(() => taker.dial());
  await house.pass(3000);
  for (const room of ["1", "2"]) {
    house.player(Number(room)).says(sit({ room_id: room }));
    await house.settle();
  }
  const [first] = house.server.announcement();
  void house.server.move(first?.life.life ?? "");
  await house.settle();
  assert.deepEqual(taker.hears(), ["offer"]);
  const watcher = house.player(9);
  watcher.says(sit({ watch: "true" }));
  await house.settle();
  assert.deepEqual(watcher.hears(), ["SitDown 2@0", "SitDown 9@4", "200 (0 bytes)"]);
});
