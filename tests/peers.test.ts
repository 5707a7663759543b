/** Rooms and the servers they may go to: when a room is frozen for a move, and when it is better left alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import Fastify from "fastify";
import type { Game } from "#game_server/game.ts";
import type { Deal } from "#protocol/deals.ts";
import { encode, type Frame, frame } from "#protocol/frame.ts";
import { SitDownRequestSchema, Command as System } from "#protocol/gen/frame_pb.ts";
import { PeerAtHand, TakerAtHand } from "./support/peer_at_hand.ts";
import { quiet } from "./support/quiet_game.ts";
import { SmallHouse } from "./support/small_house.ts";

const echo: Game<unknown> = { ...quiet, name: "echo", message: (table) => table.sendAll(frame(200)) };

const sit: Frame = encode(System.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "echo", room_id: "1" } });
const word = frame(100);

/** Somebody plays echo/1 here, and there is another server that could take it. */
async function playing(deals: readonly Deal[] = []) {
  const house = await SmallHouse.open(echo);
  const taker = new TakerAtHand(house.clock, "echo", deals);
  await house.kill();
  house.restart(() => taker.dial());
  await house.pass(3000);
  const player = house.player(1);
  player.says(sit);
  await house.settle();
  player.hears();
  const life = house.server.announcement()[0]?.life.life ?? "";
  const admin = Fastify();
  house.server.addRoutes(admin);
  const post = async (path: string): Promise<number> => (await admin.inject({ method: "POST", url: path })).statusCode;
  return { house, taker, player, life, post };
}

test("[P5] a room that nobody answers for is played on, and what its players said meanwhile is applied", async () => {
  const { house, taker, player, life } = await playing();
  const moved = house.server.move(life);
  await house.settle();
  player.says(word);
  await house.settle();
  assert.deepEqual([taker.hears(), player.hears()], [["offer"], []]);
  await house.pass(2100);
  assert.deepEqual([await moved, taker.hears(), player.hears()], [false, ["drop"], ["200 (0 bytes)"]]);
});

test("[admin][P6] a room that is on its way is not said to be dissolved, nor given away twice", async () => {
  const { house, life, post } = await playing();
  void house.server.move(life);
  await house.settle();
  assert.deepEqual([await post(`/rooms/${life}/dissolve`), await post("/rooms/echo/1/move")], [409, 409]);
  await house.pass(2100);
  assert.equal(await post(`/rooms/${life}/dissolve`), 200);
});

test("[P8] while the directory is away no room is frozen: it could not go anywhere", async () => {
  const { house, taker, player, life } = await playing();
  const moved = house.server.move(life);
  await house.settle();
  await house.pass(2100);
  await moved;
  taker.hears();
  await house.cut();
  assert.equal(await house.server.move(life), false);
  await house.settle();
  assert.deepEqual(taker.hears(), []);
  await house.pass(1000);
  player.says(word);
  await house.settle();
  assert.equal(player.hears().at(-1), "200 (0 bytes)");
});

test("[P6][F13] without space for the journal nothing is given away, and nobody waits for it", async () => {
  const { house, taker, player, life, post } = await playing();
  house.disk.isFull = true;
  player.says(word);
  await house.settle();
  assert.equal(await post(`/rooms/${life}/move`), 503);
  assert.equal(await house.server.move(life), false);
  assert.deepEqual(taker.hears(), []);
});

test("[P5][P6] a server that says that it takes no rooms is offered none, and its rooms are counted as they are", async () => {
  const { house, taker, life, post } = await playing();
  const first = house.server.move(life);
  await house.pass(2100);
  await first;
  taker.hears();
  taker.say({ case: "status", value: { rooms: 7, users: 7, takesNewRooms: false, free: [] } });
  await house.settle();
  assert.deepEqual([await house.server.move(life), taker.hears()], [false, []]);
  taker.say({ case: "status", value: { rooms: 7, users: 7, takesNewRooms: true, free: [] } });
  await house.settle();
  assert.equal(await post("/rebalance"), 200);
  assert.deepEqual(taker.hears(), [], "it has more rooms than this one");
});

test("[P6] a server that drains tells those that may give it rooms", async () => {
  const { house } = await playing();
  const peer = await PeerAtHand.link(house, house.server);
  house.server.drain();
  await house.settle();
  assert.deepEqual(peer.hears(), ["status takes none"]);
});

test("[P5][P6] a room is never offered to a server whose hello says that it cannot read it: that would be a pause for nothing", async () => {
  const { house, taker, player, life } = await playing([{ game: "echo", version: 2, upgrades: false }]);
  assert.equal(await house.server.move(life), false);
  house.server.drain();
  await house.pass(60_000);
  assert.deepEqual(taker.hears(), []);
  player.says(word);
  await house.settle();
  const heard = player.hears();
  const notice = "Notice 0/1 this room will be dissolved by the system, please end it and open a new one";
  assert.equal(heard.at(-1), "200 (0 bytes)");
  assert.deepEqual(new Set(heard.slice(0, -1)), new Set([notice]), "no word of a move");
});

for (const [what, unreadable, offers] of [
  ["that it cannot read it, ever, is not offered it again", true, 1],
  ["that it does not take it, as older releases do, is offered it less and less often", false, 4],
] as const) {
  test(`[P5][P6] a server that says of a room ${what}`, async () => {
    const { house, taker } = await playing();
    taker.refusal = { unreadable };
    house.server.drain();
    await house.pass(60_000);
    assert.deepEqual(
      taker.hears(),
      Array.from({ length: offers }, () => ["offer", "drop"]).flat(), // after 0, 5, 15 and 35 s
    );
  });
}

test("[P5] whoever offers a room learns whether it was refused for good", async () => {
  const { house } = await playing();
  const peer = await PeerAtHand.link(house, house.server);
  peer.offer("1", PeerAtHand.room("echo", "2", { version: 7 }));
  peer.offer("2", PeerAtHand.room("chess", "3"));
  peer.offer("3", PeerAtHand.room("echo", "1"));
  await house.settle();
  assert.deepEqual(peer.hears(), [
    "its state has version 7, this release knows 1, ever",
    "this release does not deal chess, ever",
    "it has that room",
  ]);
});
