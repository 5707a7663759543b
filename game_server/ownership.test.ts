/**
 * The shortest runs that break simpler protocols of ownership, each step by step against the
 * real one: one owner in the end, nothing forgotten, nothing twice. Their names are those of
 * the model that found them.
 *
 *     giver a, taker b ── offer ──> yes ──> outgoing ──> compare-and-set ──> activate
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encode, frame } from "#protocol/frame.ts";
import { SitDownRequestSchema, Command as System } from "#protocol/gen/frame_pb.ts";
import { Refused } from "#protocol/refusals.ts";
import type { FakePlayer } from "#tests/support/fake_player.ts";
import { quiet } from "#tests/support/quiet_game.ts";
import { TwoServers } from "#tests/support/two_servers.ts";
import type { Game } from "./game.ts";

const Command = { COUNT: 100, NOTHING: 101 } as const;

/** Counts what it is told to: the n-th time everybody hears n bytes. Everything else is refused. */
const counter: Game<{ count: number }> = {
  ...quiet,
  name: "counter",
  open(table) {
    table.startTicker("stay", 3_600_000);
    return { count: 0 };
  },
  arrive: (table, _state, player) => table.send(player.user, frame(200)),
  message(table, state, _player, command) {
    if (command !== Command.COUNT) throw new Refused("unknownCommand");
    state.count += 1;
    table.sendAll(frame(201, new Uint8Array(state.count)));
  },
};

const sit = encode(System.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "counter", room_id: "1" } });
const count = frame(Command.COUNT);
const nonsense = frame(Command.NOTHING);
const refused = "Error 101 unknown command";

/** The counts that have been heard; whatever else there was, but for notices, is shown as it is. */
function counts(player: FakePlayer): (number | string)[] {
  const heard = player.hears().filter((line) => !line.startsWith("Notice"));
  return heard.map((line) => (line.startsWith("201 ") ? Number(/\d+(?= bytes)/.exec(line)?.[0]) : line));
}

/** At which a plays the room when a test begins; b plays it at the next one, and a again, at its own word, at the one after that. */
const epoch = 3;

/** Room 1 is played at a, and somebody sits there; it has been at b and back, so that the two are linked. */
async function open(): Promise<{ servers: TwoServers; player: FakePlayer }> {
  const servers = await TwoServers.open(counter as Game<unknown>);
  await servers.kill("b");
  const player = servers.player(7);
  player.says(sit);
  await servers.settle();
  await servers.restart("b");
  await servers.pass(2000);
  for (const from of ["a", "b"] as const) {
    await servers.move(from);
    await servers.pass(1000);
  }
  assert.deepEqual(servers.owners("1"), ["a"]);
  player.hears();
  return { servers, player };
}

/** The taker sees in the directory that the room is its own, and then the giver hears of it: what was said meanwhile is counted once. */
async function takerSees(servers: TwoServers, player: FakePlayer): Promise<void> {
  await servers.pass(1500);
  await servers.release("a>b");
  await servers.pass(5000);
  assert.deepEqual(counts(player), [1]);
  await endsAt(servers, player, "b", epoch + 1, 1);
}

/** The commands of the directory are late, and from then on the giver does not reach the taker. */
async function moveLate(): ReturnType<typeof open> {
  const { servers, player } = await open();
  servers.moves = "late";
  servers.heldFromMove = ["a>b"];
  await servers.move("a");
  return { servers, player };
}

/** The room is played there and nowhere else, at this epoch, as the directory knows, and `before` counts are the last that were made. */
async function endsAt(servers: TwoServers, player: FakePlayer, owner: "a" | "b", at: number, before: number): Promise<void> {
  player.says(count);
  await servers.pass(5000);
  assert.deepEqual(counts(player), [before + 1]);
  assert.deepEqual([servers.owners("1"), await servers.known()], [[owner], { owner, epoch: at }]);
}

test("[P1][P5] a room is given away, and its player hears nothing of it", async () => {
  const { servers, player } = await open();
  await servers.move("a");
  await endsAt(servers, player, "b", epoch + 1, 0);
});

test("[P1] asis: the directory's answer is lost, and the taker has seen what it did: the giver does not play on", async () => {
  const { servers, player } = await open();
  servers.moves = "answer lost";
  servers.heldFromMove = ["a>b"];
  await servers.move("a");
  player.says(count);
  await servers.settle();
  assert.deepEqual([servers.owners("1"), counts(player)], [[], []]);
  await takerSees(servers, player);
});

test("[P1] asis: the directory is late, and the taker has dropped the offer: the giver plays on, and the late one is lost", async () => {
  const { servers, player } = await open();
  servers.moves = "late";
  await servers.move("a");
  await servers.runLate();
  await endsAt(servers, player, "a", epoch + 2, 0);
});

test("[P1] reread: that the directory still names the giver is no reason to play on", async () => {
  const { servers, player } = await moveLate();
  player.says(count);
  await servers.pass(6000);
  assert.deepEqual([await servers.known(), servers.owners("1"), counts(player)], [{ owner: "a", epoch }, [], []]);
  await servers.runLate();
  await takerSees(servers, player);
});

test("[P1] attach: a gate that asks the taker does not make it play", async () => {
  const { servers, player } = await open();
  servers.hold("b>a");
  await servers.move("a");
  servers.hold("a>b", "gate>a");
  await servers.pass(2100);
  servers.isDirectoryUp = false;
  await servers.cut("gate", "a");
  await servers.pass(3000);
  assert.deepEqual([servers.owners("1"), servers.b.disk.written("1")?.passage?.is], [["a"], "incoming"]);
  servers.isDirectoryUp = true;
  await servers.release("gate>a", "a>b", "b>a");
  await servers.pass(5000);
  await endsAt(servers, player, "a", epoch, 0);
});

test("[P2][P3] offer: a late yes to an older offer is no yes to this one", async () => {
  const { servers, player } = await open();
  servers.hold("b>a");
  await servers.move("a");
  await servers.pass(2100);
  player.says(count);
  await servers.pass(500);
  assert.deepEqual(counts(player), [1]);
  servers.hold("a>b");
  await servers.move("a");
  await servers.release("b>a");
  assert.deepEqual([servers.a.disk.written("1")?.passage, await servers.known()], [undefined, { owner: "a", epoch }]);
  await servers.release("a>b");
  await endsAt(servers, player, "b", epoch + 1, 1);
});

test("[P2] lostans: answers and refusals of a turn that was written down are heard, once, though the process dies before it says them", async () => {
  const { servers, player } = await open();
  servers.hold("a>gate");
  player.says(count, nonsense);
  await servers.settle();
  await servers.kill("a");
  await servers.release("a>gate");
  await servers.restart("a");
  await servers.pass(3000);
  assert.deepEqual(counts(player), [1, refused]);
  await endsAt(servers, player, "a", epoch, 1);
});

for (const way of ["slow", "lost"] as const) {
  test(`[P3] lateout: what the giver said before the move is heard, once, though the link is ${way}`, async () => {
    const { servers, player } = await open();
    servers.hold("a>gate");
    player.says(count);
    await servers.settle();
    await servers.move("a");
    if (way === "lost") await servers.cut("gate", "a");
    await servers.release("a>gate");
    await servers.pass(3000);
    assert.deepEqual(counts(player), [1]);
    await endsAt(servers, player, "b", epoch + 1, 1);
  });
}

test("[P3] gap: of two inputs the first came while the room was frozen: the second waits for it", async () => {
  const { servers, player } = await open();
  servers.hold("b>a");
  await servers.move("a");
  player.says(count);
  await servers.settle();
  servers.hold("gate>a");
  player.says(nonsense);
  await servers.pass(2100);
  await servers.release("gate>a", "b>a");
  await servers.pass(1000);
  assert.deepEqual(counts(player), [1, refused]);
  await endsAt(servers, player, "a", epoch, 1);
});

test("[P1] restart: a giver that dies while the directory is late does not play the room when it is back", async () => {
  const { servers, player } = await moveLate();
  await servers.kill("a");
  await servers.restart("a");
  player.says(count);
  await servers.pass(2000);
  assert.deepEqual([servers.owners("1"), counts(player)], [[], []]);
  await servers.runLate();
  await takerSees(servers, player);
});

test("[P1] failabort: while the taker is away and the directory may forget, nobody plays the room", async () => {
  const { servers, player } = await moveLate();
  await servers.kill("b");
  player.says(count);
  await servers.pass(10_000);
  assert.deepEqual([servers.owners("1"), counts(player)], [[], []]);
  await servers.runLate();
  await servers.restart("b");
  await takerSees(servers, player);
});
