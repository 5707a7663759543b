/** What a table says, and what its player sees of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { type ClientState, CroupierError, type Player } from "#clients/client.ts";
import { SceneNoticeSchema, SettlementNoticeSchema, ShakeResponseSchema } from "#protocol/gen/dice_pb.ts";
import { canRoll, emptyTable, hasRolled, type TableState, type Told, tell } from "./table_state.ts";

const [me, other] = [1n, 2n];
const seated: ClientState = { is: "seated" };
const scene = (status: boolean, dice: Record<string, number> = {}): Told => ({
  is: "scene",
  scene: create(SceneNoticeSchema, { status, leftTime: 20_000n, dice }),
  nowMs: 1000,
});
const players = (...users: readonly Player[]): Told => ({ is: "players", players: users, seats: 4 });
const at = (user: bigint, seat: number, isOnline = true): Player => ({ user, seat, isOnline });
const shaken = (userId: bigint, dicePoints = 0): Told => ({ is: "shaken", shaken: create(ShakeResponseSchema, { userId, dicePoints }) });

/** I have sat down, and a game is played. */
function sat(): TableState {
  const asked = tell(emptyTable({ is: "connecting", because: "sit", attempt: 1, delayMs: 0, detail: "" }), players(at(other, 0)));
  return after(asked, { is: "client", state: seated, me }, players(at(other, 0), at(me, 1)), scene(true));
}

function after(state: TableState, ...all: readonly Told[]): TableState {
  return all.reduce(tell, state);
}

function said(state: TableState): string[] {
  return state.happenings.map((happening) => ("user" in happening ? `${happening.is} ${happening.user}` : happening.is));
}

test("[web] who was there before has not just come, and neither have I", () => {
  assert.deepEqual(said(sat()), []);
});

test("[web] what others do is said once, in order", () => {
  const state = after(
    sat(),
    players(at(other, 0), at(me, 1), at(3n, 2), at(4n, 4)),
    players(at(other, 0, false), at(me, 1), at(4n, 4)),
    players(at(other, 0), at(me, 1), at(4n, 4)),
    shaken(other),
  );
  assert.deepEqual(said(state), ["sat 3", "watches 4", "left 3", "offline 2", "back 2", "rolled 2"]);
  assert.equal(new Set(state.happenings.map((happening) => happening.at)).size, 6);
});

test("[web] who is told of without a seat was there before: he has dropped, or is back", () => {
  const kept: Told = { is: "client", state: { is: "back", from: "reconnect", awayMs: 1 }, me };
  const of = (isOnline: boolean): Told => players({ user: other, seat: undefined, isOnline });
  assert.deepEqual(said(after(emptyTable(seated), kept, of(false), of(true))), ["reconnected", "offline 2", "back 2"]);
  assert.deepEqual(said(after(emptyTable(seated), kept, of(true))), ["reconnected", "back 2"]);
});

test("[web] one rolls once, also while the answer takes its time; a refusal, a new game and a new connection allow another try", () => {
  const rolling = after(sat(), { is: "rolling" });
  const paused: Told = { is: "client", state: { is: "paused", deadlineMs: 90_000 }, me };
  assert.ok(canRoll(sat()) && canRoll(after(sat(), paused)));
  for (const told of [paused, shaken(other), shaken(me, 5)]) assert.ok(!canRoll(after(rolling, told)), told.is);
  const start: Told = { is: "start", lengthMs: 30_000, nowMs: 7000 };
  const refused: Told = { is: "refused", error: new CroupierError("statusMismatch") };
  for (const told of [start, refused]) assert.ok(canRoll(after(rolling, told)), told.is);
  const lost: ClientState = { is: "connecting", because: "lost", attempt: 1, delayMs: 0, detail: "" };
  const back: ClientState = { is: "back", from: "reconnect", awayMs: 1 };
  assert.ok(canRoll(after(rolling, { is: "client", state: lost, me }, { is: "client", state: back, me })));
});

test("[web] points of others are hidden until the settlement, which names who won", () => {
  const rolled = after(sat(), shaken(other), shaken(me, 5));
  assert.deepEqual([...rolled.points], [[other, 0], [me, 5]]); // biome-ignore format: one row
  assert.ok(hasRolled(rolled, other) && hasRolled(rolled, me));
  const settlement = create(SettlementNoticeSchema, { idleDuration: 5000n, winner: [me], dice: { 1: 5, 2: 3 } });
  const settled = tell(rolled, { is: "settlement", settlement, nowMs: 2000 });
  assert.deepEqual([settled.phase, settled.switchesAtMs, settled.winners], ["idle", 7000, [me]]);
  assert.equal(settled.points.get(other), 3);
  assert.equal(hasRolled(settled, me), false);
  assert.deepEqual(
    settled.settlements.map(({ number, winners }) => [number, winners]),
    [[1, [me]]],
  );
  const next = tell(settled, { is: "start", lengthMs: 30_000, nowMs: 7000 });
  assert.deepEqual([next.phase, next.switchesAtMs, next.points.size, next.winners], ["playing", 37_000, 0, []]);
});

test("[web] a scene between two games shows who won the last one; nobody, if nobody rolled", () => {
  assert.deepEqual(after(sat(), scene(false, { 1: 4, 2: 4 })).winners, [me, other]);
  assert.deepEqual(after(sat(), scene(false)).winners, []);
  assert.deepEqual(after(sat(), scene(true, { 2: 0 })).winners, []);
});

test("[web] a pause, a move and a reconnect are each told when they are over", () => {
  const back = (from: "pause" | "move" | "reconnect"): Told => ({ is: "client", state: { is: "back", from, awayMs: 1 }, me });
  const paused: Told = { is: "client", state: { is: "paused", deadlineMs: 90_000 }, me };
  assert.deepEqual(said(after(sat(), paused, back("pause"), back("move"), back("reconnect"))), [
    "paused",
    "resumed",
    "moved",
    "reconnected",
  ]);
});

test("[web] however long an evening, what is remembered of it is bounded", () => {
  const settlement = create(SettlementNoticeSchema, { idleDuration: 5000n, winner: [me], dice: { 1: 5 } });
  let state = sat();
  for (let game = 0; game < 200; game++) state = tell(state, { is: "settlement", settlement, nowMs: 0 });
  assert.deepEqual([state.settlements.length, state.settlements[0]?.number, state.happenings.length], [20, 200, 60]);
});
