/** Other rules for rooms that are played: all of a game's rooms or none, and nothing but their state is touched. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { encode, frame } from "#protocol/frame.ts";
import { Command, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { FakeDisk } from "#tests/support/fake_disk.ts";
import { openHouse } from "#tests/support/house.ts";
import { Player } from "#tests/support/player.ts";
import { quiet } from "#tests/support/quiet_game.ts";
import type { Game } from "./game.ts";
import type { RoomValue } from "./room_value.ts";

interface Count {
  count: number;
}

/** A dice of another kind: rooms that count what is said in them. */
const counter: Game<Count> = {
  ...quiet,
  name: "dice",
  open: () => ({ count: 0 }),
  message: (_table, state) => {
    state.count += 1;
  },
  print: (_table, { count }) => `count ${count}`,
};

async function countIn(player: Player): Promise<string | undefined> {
  player.send(frame(6));
  const [line = ""] = await player.hear();
  return /count (\d+)$/.exec(line)?.[1];
}

/** Users 1 and 2 in rooms of their own; user 2's has counted to 1. */
async function twoRooms(t: TestContext) {
  const house = await openHouse(t, { games: [counter as Game<unknown>] });
  const players: Player[] = [];
  for (const user of [1, 2]) {
    const player = await Player.seated(house.port, user, { room_id: String(user) });
    await player.hear();
    players.push(player);
  }
  const [first, second] = players as [Player, Player];
  second.send(frame(101));
  assert.deepEqual([await countIn(first), await countIn(second)], ["0", "1"]);
  const [server] = house.servers;
  assert.ok(server !== undefined);
  return { server, first, second, countBoth: async () => [await countIn(first), await countIn(second)] };
}

test("[dev] one room that cannot go on keeps all of them on the rules they had", async (t) => {
  const { server, second, countBoth } = await twoRooms(t);
  const picky: Game<Count> = {
    ...counter,
    version: 2,
    upgrade: (state) => {
      const { count } = state as Count;
      if (count > 0) throw new Error("it has begun");
      return { count: 100 };
    },
  };
  assert.throws(() => server.swap(picky as Game<unknown>), { message: "dice/2 cannot go on: it has begun" });
  second.send(frame(101));
  assert.deepEqual(await countBoth(), ["0", "2"]);
  assert.equal(server.games.get("dice"), counter, "and so do those that are opened now");
});

test("[dev] an upgrade that changes what it was given, and then throws, has changed nothing", async (t) => {
  const { server, countBoth } = await twoRooms(t);
  const clumsy: Game<Count> = {
    ...counter,
    version: 2,
    upgrade: (state) => {
      (state as Count).count = 1000;
      throw new Error("halfway");
    },
  };
  assert.throws(() => server.swap(clumsy as Game<unknown>), /halfway/);
  assert.deepEqual(await countBoth(), ["0", "1"]);
});

test("[dev] rules of the same version take over both rooms, and the next input meets them", async (t) => {
  const { server, first, countBoth } = await twoRooms(t);
  const double: Game<Count> = {
    ...counter,
    message: (_table, state) => {
      state.count += 2;
    },
  };
  assert.equal(server.swap(double as Game<unknown>), 2);
  first.send(frame(101));
  assert.deepEqual(await countBoth(), ["2", "1"]);
});

test("[dev] a state that is no plain data is found before it is anybody's", async (t) => {
  const { server, second, countBoth } = await twoRooms(t);
  const careless = { ...counter, version: 2, upgrade: () => ({ count: 1n }) } as unknown as Game<unknown>;
  assert.throws(() => server.swap(careless), /dice\/1 cannot go on: .*BigInt/);
  second.send(frame(101));
  assert.deepEqual(await countBoth(), ["0", "2"]);
});

test("[dev][P1] rooms that could not be read go on by rules that can, but for one that may be its taker's: it waits for the next start", async (t) => {
  const newer = { ...counter, version: 2 } as Game<unknown>;
  const disk = new FakeDisk();
  const before = await openHouse(t, { games: [newer], journal: disk.open() });
  for (const user of [1, 2]) await (await Player.seated(before.port, user, { room_id: String(user) })).hear();
  for (const [life, json] of disk.rooms) {
    const value = JSON.parse(json) as RoomValue;
    if (value.room === "1")
      disk.rooms.set(life, JSON.stringify({ ...value, passage: { is: "outgoing", offer: "o1", to: "00000000000000ff" } }));
  }
  const { port, servers } = await openHouse(t, { games: [counter as Game<unknown>], journal: disk.open() });
  const [server] = servers;
  assert.equal(server?.load.rooms, 0);
  assert.equal(server?.swap(newer), 0);
  assert.equal(server?.load.rooms, 1);
  const player = await Player.connect(port, 3);
  const sit = (room: string) =>
    player.send(encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice", room_id: room } }));
  sit("1");
  assert.deepEqual(await player.hear(), ["Error 114 try again"]);
  sit("2");
  assert.deepEqual(await player.hear(2), ["SitDown 2@0", "SitDown 3@1"]);
});
