/** Rooms that other game servers offer to this one: what is no room, more than there is space for, and what it cannot read any more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "#runtime/metrics.ts";
import { listeningLog } from "./support/journal_at_hand.ts";
import { PeerAtHand } from "./support/peer_at_hand.ts";
import { quiet } from "./support/quiet_game.ts";
import { SmallHouse } from "./support/small_house.ts";

async function open(env: Record<string, string> = {}): Promise<{ house: SmallHouse; peer: PeerAtHand }> {
  const house = await SmallHouse.open(quiet, env);
  return { house, peer: await PeerAtHand.link(house, house.server) };
}

test("[P10] an offer that is no room is refused, whatever it is, and the server plays on", async () => {
  const { house, peer } = await open();
  const room = PeerAtHand.room("quiet", "1");
  const { seats, outbox, ...torn } = room;
  const halfSaid = { ...room, outbox: { ...outbox, last: 0.5 } }; // its first sit has ended a process
  const values = [
    "",
    "no JSON",
    "null",
    "[]",
    "{}",
    { ...room, timers: null },
    { ...room, seats: [null] },
    torn,
    [seats, outbox],
    halfSaid,
  ];
  for (const value of values) {
    peer.offer("00000000000000f1", value);
    await house.settle();
    const [answer, ...others] = peer.hears();
    assert.deepEqual([answer?.includes("yes"), others], [false, []], JSON.stringify(value));
  }
  for (const [offer, clockMs, answer] of [
    ["", 0, "the offer has no name"],
    ["00000000000000f1", Number.NaN, "it is no room: timers.stay.dueMs"],
    ["00000000000000f1", 1e300, "it is no room: timers.stay.dueMs"],
    ["00000000000000f2", 0, "yes"],
  ] as const) {
    peer.offer(offer, room, clockMs);
    await house.settle();
    assert.deepEqual(peer.hears(), [answer]);
  }
});

test("[P10] what could be no room in a journal is told and left alone, one that is only unknown keeps its name, and the server plays on", async () => {
  const log = listeningLog();
  const house = await SmallHouse.open(quiet, {}, { log });
  await house.kill();
  const good = PeerAtHand.room("quiet", "1", { owner: house.disk.id });
  const stored = { "life 1": "no JSON", "life 2": "null", "life 3": "{}", "life 4": JSON.stringify(good) };
  const unknown = PeerAtHand.room("quiet", "2", { owner: house.disk.id });
  const all = { ...stored, [good.life]: JSON.stringify(good), [unknown.life]: JSON.stringify({ ...unknown, timers: "new" }) };
  for (const [life, value] of Object.entries(all)) house.disk.rooms.set(life, value);
  house.restart();
  await house.pass(3000);
  assert.deepEqual(
    house.server.announcement().map(({ life }) => life.room),
    ["1", "2"],
  );
  assert.equal(log.events.filter((event) => event === "room unreadable").length, 5);
  const metrics = new Metrics({ service: "test" });
  house.server.register(metrics);
  assert.match(await metrics.text(), /^croupier_rooms_unreadable\S* 5$/m);
  for (const [life, value] of Object.entries(all)) if (life !== good.life) assert.equal(house.disk.rooms.get(life), value);
});

test("[P7] rooms that were offered count among those that a server may have", async () => {
  const { house, peer } = await open({ ROOMS: "2" });
  for (const room of ["1", "2", "3"]) peer.offer(`00000000000000f${room}`, PeerAtHand.room("quiet", room));
  await house.settle();
  assert.deepEqual(peer.hears().toSorted(), ["it has all the rooms it may have", "yes", "yes"]);
  peer.offer("00000000000000f4", PeerAtHand.room("quiet", "1"));
  await house.settle();
  assert.deepEqual(peer.hears(), ["yes"], "the newest offer of a life that is counted already");
});

test("[P1][P10] a room that has come while this release cannot read it is played by the next one that can", async () => {
  const game = { ...quiet };
  const house = await SmallHouse.open(game);
  const offer = "00000000000000f1";
  const room = PeerAtHand.room("quiet", "1");
  (await PeerAtHand.link(house, house.server)).offer(offer, room);
  await house.settle();
  for (const version of [0, 1]) {
    await house.kill();
    game.version = version;
    house.restart();
    if (version === 0) (await PeerAtHand.link(house, house.server)).activate(room.life, offer);
    await house.pass(3000);
    const [owned, ...others] = house.server.announcement();
    assert.deepEqual([owned?.life.life, owned?.life.epoch, others, house.server.unsettled()], [room.life, 2, [], []], `version ${version}`);
    assert.equal(house.server.counts().lives, 1);
  }
});

test("[metrics] a room that another server has given is counted as taken, and only one of an earlier start as restored", async () => {
  const { house, peer } = await open();
  const room = PeerAtHand.room("quiet", "1");
  const counted = async (): Promise<number[]> => {
    const metrics = new Metrics({ service: "test" });
    house.server.register(metrics);
    const text = await metrics.text();
    return ["taken", "restored"].map((how) => Number(new RegExp(`^croupier_rooms_${how}_total\\S* (\\d+)$`, "m").exec(text)?.[1]));
  };
  peer.offer("00000000000000f1", room);
  await house.settle();
  peer.activate(room.life, "00000000000000f1");
  await house.settle();
  assert.deepEqual(await counted(), [1, 0]);
  await house.kill();
  house.restart();
  assert.deepEqual(await counted(), [0, 1]);
});
