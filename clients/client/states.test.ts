/** The states of a client in a room, its notices, its queue, and who it says is there. The other end is played by hand. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Client, type ClientState, CroupierError, connect, type Notice, type Room } from "#clients/client.ts";
import { dice } from "#protocol/dice.ts";
import { encode, type Frame, frame } from "#protocol/frame.ts";
import { Command as Dice, SceneNoticeSchema, ShakeResponseSchema } from "#protocol/gen/dice_pb.ts";
import { Command, DisconnectReason, Notice_Action, Notice_Reason } from "#protocol/gen/frame_pb.ts";
import { type RefusalName, Refused } from "#protocol/refusals.ts";
import { disconnectFrame, errorFrame, noticeFrame, onlineFrame, printFrame, sitDownFrame, standUpFrame } from "#protocol/system_frames.ts";
import { FakeWorld } from "#tests/support/fake_sockets.ts";

interface At {
  readonly world: FakeWorld;
  readonly client: Client;
  readonly room: Room<typeof dice>;
  /** Each as `is` and its reason. */
  readonly states: string[];
}

function sit(t: TestContext, { queueMessagesMax }: { queueMessagesMax?: number } = {}): At {
  const world = new FakeWorld(t);
  const client = connect({ url: "ws://gate", getToken: world.getToken, ...(queueMessagesMax === undefined ? {} : { queueMessagesMax }) });
  const states: string[] = [];
  client.on("state", (state) => void states.push(short(state)));
  t.after(() => void client.close());
  return { world, client, room: client.sit(dice, { room: "1" }), states };
}

function short(state: ClientState): string {
  if (state.is === "back") return `back from ${state.from}`;
  return "because" in state ? `${state.is}: ${state.because}` : state.is;
}

function notice(reason: Notice_Reason, deadlineMs = 0, text = ""): Frame {
  return noticeFrame({ reason, action: Notice_Action.NOTHING, deadlineMs, text });
}

function refusal(name: RefusalName): Frame {
  return errorFrame(new Refused(name), true);
}

const scene = encode(Dice.SCENE, SceneNoticeSchema, { status: true, dice: { "1": 6 } });

test("[client] from the start to a seat", async (t) => {
  const { world, client, states } = sit(t);
  assert.equal(client.user, 0n);
  await world.seat();
  assert.deepEqual(states, ["connecting: start", "connecting: sit", "seated"]);
  assert.equal(client.user, 1n);
  assert.deepEqual(world.socket.sits, [{ game_name: "dice", room_id: "1" }]);
});

test("[client][P4] a kept seat after a lost connection is back, a new one is seated", async (t) => {
  const { world, client, states } = sit(t);
  (await world.seat()).end(1006);
  await world.pass(300);
  await world.seat({ isKept: true });
  assert.deepEqual(states.splice(0).slice(3), ["connecting: lost", "connecting: sit", "back from reconnect"]);
  assert.ok(client.state.is === "back" && client.state.from === "reconnect" && client.state.awayMs >= 300 && client.state.awayMs < 1000);
  world.socket.end(1012);
  await world.pass(600);
  await world.seat();
  assert.deepEqual(states, ["connecting: restart", "connecting: sit", "seated"]);
});

test("[client][PROTOCOL §1.7] held pauses with the time left, resumed is back, and nothing is asked for again", async (t) => {
  const { world, client, room, states } = sit(t);
  const socket = await world.seat();
  socket.take();
  socket.say(notice(Notice_Reason.HELD, 90_000));
  assert.deepEqual(client.state, { is: "paused", deadlineMs: 90_000 });
  assert.equal(room.send("shake"), "sent", "the gate keeps it");
  await world.pass(1500);
  socket.say(notice(Notice_Reason.RESUMED));
  assert.ok(client.state.is === "back" && client.state.from === "pause" && Math.abs(client.state.awayMs - 1500) < 50);
  socket.say(notice(Notice_Reason.HELD));
  assert.deepEqual(client.state, { is: "paused", deadlineMs: undefined }, "for ever");
  socket.say(notice(Notice_Reason.RESUMED));
  assert.deepEqual(states.slice(3), ["paused", "back from pause", "paused", "back from pause"]);
  assert.deepEqual(socket.take(), [Dice.SHAKE]);
});

test("[client][P5][PROTOCOL §1.7] a room that moves: moving for as long as it is said, then back; messages go on", async (t) => {
  const { world, client, room, states } = sit(t);
  const socket = await world.seat();
  for (let said = 0; said < 4; said++) {
    socket.say(notice(Notice_Reason.MOVE, 60_000));
    assert.equal(room.send("shake"), "sent");
    await world.pass(5000);
  }
  assert.deepEqual(states.slice(3), ["moving"]);
  socket.say(notice(Notice_Reason.RESUMED));
  assert.deepEqual(states.slice(3), ["moving", "back from move"]);
  assert.deepEqual(client.notices, []);
  await world.pass(10_000);
  assert.equal(states.length, 5, "nothing lapses afterwards");
  socket.say(notice(Notice_Reason.RESUMED));
  assert.deepEqual(states.slice(5), ["back from move"], "a move that nobody has announced");
});

test("[client] a move that is not said any more was called off: nobody was away, and nothing has moved", async (t) => {
  const { world, states } = sit(t);
  const socket = await world.seat();
  socket.say(notice(Notice_Reason.MOVE, 60_000));
  await world.pass(14_000);
  assert.deepEqual(states.slice(3), ["moving"]);
  await world.pass(2500);
  assert.deepEqual(states.slice(3), ["moving", "back from stay"]);
});

test("[client] a room that is parked moves, pauses and is back", async (t) => {
  const { world, states } = sit(t);
  const socket = await world.seat();
  socket.say(notice(Notice_Reason.MOVE), notice(Notice_Reason.HELD, 90_000));
  await world.pass(30_000);
  socket.say(notice(Notice_Reason.RESUMED));
  assert.deepEqual(states.slice(3), ["moving", "paused", "back from pause"]);
});

test("[client] notices count down each second, the newest of a kind counts, and they end with what they are about", async (t) => {
  const { world, client } = sit(t);
  const socket = await world.seat();
  const heard: Notice[] = [];
  const lists: (readonly Notice[])[] = [];
  client.on("notice", (one) => void heard.push(one));
  client.on("notices", (list) => void lists.push(list));
  socket.say(notice(Notice_Reason.DRAIN, 60_000, "this room will be dissolved"));
  await world.pass(3100);
  const left = lists.map(([one]) => Math.round((one?.leftMs ?? 0) / 1000));
  assert.deepEqual(left, [60, 59, 58, 57]);
  assert.deepEqual(heard, [{ reason: "drain", text: "this room will be dissolved", leftMs: 60_000 }]);
  socket.say(notice(Notice_Reason.DRAIN, 40_000, "soon"), notice(Notice_Reason.GATE_RESTART, 10_000));
  assert.deepEqual(client.notices, [
    { reason: "drain", text: "soon", leftMs: 40_000 },
    { reason: "gate restart", text: "", leftMs: 10_000 },
  ]);
  socket.say(disconnectFrame(DisconnectReason.ROOM_DISSOLVED));
  assert.deepEqual(
    client.notices.map(({ reason }) => reason),
    ["gate restart"],
  );
  await world.pass(11_000);
  assert.deepEqual(client.notices[0]?.leftMs, 0, "it stays until the connection is closed");
  socket.end(1012);
  assert.deepEqual([client.notices, lists.at(-1)], [[], []]);
  lists.length = 0;
  await world.pass(5000);
  assert.deepEqual(lists, [], "nothing is counted any more");
});

test("[client] a restart of the gate that does not come lapses some seconds after it was to come", async (t) => {
  const { world, client } = sit(t);
  const socket = await world.seat();
  socket.say(notice(Notice_Reason.GATE_RESTART, 10_000));
  await world.pass(14_000);
  assert.equal(client.notices.length, 1);
  await world.pass(3000);
  assert.deepEqual(client.notices, []);
});

test("[client] a room that is given up takes what was said of it with it", async (t) => {
  const { world, client, states } = sit(t);
  const socket = await world.seat();
  socket.say(notice(Notice_Reason.HELD, 90_000), disconnectFrame(DisconnectReason.RETRY));
  assert.deepEqual(client.notices, []);
  await world.pass(300);
  socket.say(onlineFrame(1, true));
  assert.deepEqual(states.slice(3), ["paused", "connecting: room lost", "back from reconnect"]);
});

test("[client] a room that was to be dissolved and has moved will not be", async (t) => {
  const { world, client } = sit(t);
  const socket = await world.seat();
  socket.say(notice(Notice_Reason.DRAIN, 60_000, "this room will be dissolved"), notice(Notice_Reason.RESUMED));
  assert.deepEqual(client.notices, []);
});

test("[client] what was refused in play is no reason for which a seat is lost", async (t) => {
  const { world, client } = sit(t);
  const socket = await world.seat();
  socket.say(refusal("notAllowed"), disconnectFrame(DisconnectReason.RETRY));
  assert.deepEqual(client.state, { is: "connecting", because: "room lost", attempt: 1, delayMs: 125, detail: "" });
});

test("[client][PROTOCOL §1.3] a room that was created is joined from then on: by a new connection, and to move to a seat", async (t) => {
  const world = new FakeWorld(t);
  const client = connect({ url: "ws://gate", getToken: world.getToken });
  t.after(() => void client.close());
  const room = client.sit(dice, { room: "1", mode: "create", seat: 2 });
  const socket = await world.open();
  assert.deepEqual(socket.sits, [{ game_name: "dice", room_id: "1", mode: "create", seat: "2" }]);
  socket.take();
  socket.say(sitDownFrame(1, 2, true));
  assert.deepEqual(socket.take(), [], "nothing is asked for anew");
  room.sit(3);
  assert.deepEqual(socket.sits, [{ game_name: "dice", room_id: "1", seat: "3" }]);
  socket.end(1006);
  await world.pass(300);
  await world.open();
  assert.deepEqual(world.socket.sits, [{ game_name: "dice", room_id: "1", mode: "any", seat: "3" }]);
});

test("[client] a drain that was undone is not said any more, and its notice ends", async (t) => {
  const { world, client } = sit(t);
  const socket = await world.seat();
  for (let said = 0; said < 3; said++) {
    socket.say(notice(Notice_Reason.DRAIN, 100_000));
    await world.pass(2000);
  }
  assert.equal(client.notices.length, 1);
  await world.pass(15_000);
  assert.equal(client.notices.length, 0);
});

test("[client][PROTOCOL §1.7] every reason of the schema has its name here", async (t) => {
  const { world, client } = sit(t);
  const socket = await world.seat();
  const heard: string[] = [];
  client.on("notice", ({ reason }) => void heard.push(reason));
  const reasons = Object.entries(Notice_Reason).filter(([, number]) => typeof number === "number");
  for (const [, number] of reasons) socket.say(notice(number as Notice_Reason, 1000));
  assert.deepEqual(
    heard,
    reasons.map(([name]) => name.toLowerCase().replaceAll("_", " ")),
  );
});

test("[client] an operator's message is said, and is not in force", async (t) => {
  const { world, client, states } = sit(t);
  const heard: string[] = [];
  client.on("notice", ({ reason, text }) => void heard.push(`${reason} ${text}`));
  (await world.seat()).say(notice(Notice_Reason.MESSAGE, 0, "hello"), notice(77 as Notice_Reason, 5000, "of a newer server"));
  assert.deepEqual(heard, ["message hello", "unknown of a newer server"]);
  assert.deepEqual([client.notices, states.at(-1)], [[], "seated"]);
});

for (const [reason, because] of [
  [DisconnectReason.ROOM_DISSOLVED, "room over"],
  [DisconnectReason.REPLACED, "replaced"],
] as const)
  test(`[client][PROTOCOL §1.3] Disconnect ${reason}: outside, ${because}, and it stays there`, async (t) => {
    const { world, client, room } = sit(t);
    const socket = await world.seat();
    socket.say(disconnectFrame(reason));
    assert.deepEqual(client.state, { is: "outside", because });
    assert.ok(room.isOver);
    assert.equal(room.send("shake"), "dropped");
    socket.take();
    socket.end(1006);
    await world.pass(300);
    await world.open();
    assert.deepEqual(client.state, { is: "outside", because: "no room" });
    assert.deepEqual(world.socket.take(), []);
    client.sit(dice, { room: "2" });
    assert.deepEqual(world.socket.sits, [{ game_name: "dice", room_id: "2" }]);
  });

test("[client][PROTOCOL §1.3] Disconnect 0: the same seat is asked for again", async (t) => {
  const { world, states } = sit(t);
  const socket = await world.seat();
  socket.take();
  socket.say(disconnectFrame(DisconnectReason.RETRY));
  await world.pass(300);
  assert.deepEqual(socket.sits, [{ game_name: "dice", room_id: "1" }]);
  socket.say(onlineFrame(1, true));
  assert.deepEqual(states.slice(3), ["connecting: room lost", "back from reconnect"]);
});

test("[client] a sit that is refused for now is asked for again, with a wait that grows", async (t) => {
  const { world, client, room } = sit(t);
  world.chance = 0.999_999;
  const refused: CroupierError[] = [];
  room.on("refused", (error) => void refused.push(error));
  const socket = await world.open();
  const delays: number[] = [];
  for (const name of ["tryAgain", "draining", "roomFull"] as const) {
    socket.take();
    socket.say(refusal(name));
    assert.ok(client.state.is === "connecting" && client.state.because === "refused");
    delays.push(Math.round(client.state.delayMs));
    assert.match(client.state.detail, new RegExp(new Refused(name).desc));
    await world.pass(client.state.delayMs + 10);
    assert.equal(socket.sits.length, 1);
  }
  assert.deepEqual(delays, [500, 1000, 2000]);
  assert.deepEqual(
    refused.map(({ code, number, retry }) => [code, number, retry]),
    [
      ["tryAgain", 114, true],
      ["draining", 110, true],
      ["roomFull", 111, true],
    ],
  );
});

test("[client] a sit that is refused for good ends the room, with the error", async (t) => {
  const { world, client, room } = sit(t);
  const socket = await world.open();
  socket.take();
  socket.say(refusal("noSuchRoom"));
  assert.ok(client.state.is === "outside" && client.state.because === "refused");
  assert.ok(client.state.error instanceof CroupierError);
  assert.equal(client.state.error.code, "noSuchRoom");
  assert.ok(room.isOver);
  await world.pass(60_000);
  assert.deepEqual(socket.take(), []);
});

test("[client] errors have the names of the system and of the game; others are unknown", async (t) => {
  const { world, room, client } = sit(t);
  const codes: string[] = [];
  room.on("refused", ({ code, number, message }) => void codes.push(`${code} ${number} ${message}`));
  const socket = await world.seat();
  socket.say(
    refusal("statusMismatch"),
    errorFrame(new Refused(dice.refusals.alreadyShaken), true),
    errorFrame(new Refused({ code: 77_777, desc: "too late", retry: false }, { detail: "by a second" }), true),
  );
  assert.deepEqual(codes, [
    "statusMismatch 102 status mismatch",
    "alreadyShaken 10001 already shaken the dice",
    "unknown 77777 too late: by a second",
  ]);
  assert.deepEqual(client.state, { is: "seated" });
});

test("[client] what is said without a way to the room is kept in order, and bounded; then it is dropped", async (t) => {
  const { world, room, client } = sit(t, { queueMessagesMax: 3 });
  const said = [1, 2, 3, 4].map((v) => room.send("shake", { v }));
  assert.deepEqual(said, ["queued", "queued", "queued", "dropped"]);
  const socket = await world.open();
  assert.deepEqual(socket.take(), [Command.SIT_DOWN], "not before there is a seat");
  socket.say(sitDownFrame(1, 0, true));
  assert.deepEqual(
    socket.sent.map((frame) => frame.at(-1)),
    [1, 2, 3],
  );
  assert.equal(room.send("shake"), "sent");
  socket.end(1006);
  assert.equal(room.send("shake"), "queued", "there is space again");
  room.leave();
  assert.equal(room.send("shake"), "dropped");
  await world.pass(300);
  await world.open();
  assert.deepEqual(world.socket.take(), [], "it was said to a room that is over");
  assert.equal(client.state.is, "outside");
});

test("[client] the queue is bounded in bytes, a frame by what a server takes, and an open connection by what is unsent", async (t) => {
  const { world, client, room } = sit(t);
  const talk = { name: "talk", commands: { say: [301, ShakeResponseSchema] }, events: {}, refusals: {} } as const;
  room.leave();
  const other = client.sit({ ...talk, commands: { say: [301, SceneNoticeSchema] } } as const, { room: "1" });
  const large = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [String(at + 1), 1]));
  const huge = Object.fromEntries(Array.from({ length: 6000 }, (_, at) => [String(at + 1), 1]));
  assert.deepEqual(
    [other.send("say", { dice: large }), other.send("say", { dice: large }), other.send("say", { dice: large })],
    ["queued", "queued", "dropped"],
  );
  assert.throws(() => other.send("say", { dice: huge }), { code: "tooLarge" });
  const socket = await world.seat();
  socket.bufferedAmount = 300_000;
  assert.equal(other.send("say"), "dropped");
  socket.bufferedAmount = 0;
  assert.equal(other.send("say"), "sent");
});

test("[client][PROTOCOL §2] who is there, folded from what the room says", async (t) => {
  const { world, room } = sit(t);
  const told: string[] = [];
  room.on(
    "players",
    (players) => void told.push(players.map(({ user, seat, isOnline }) => `${user}@${seat}${isOnline ? "" : "?"}`).join(" ")),
  );
  const socket = await world.open();
  socket.say(sitDownFrame(9, 0, false), sitDownFrame(7, 2, true), sitDownFrame(1, 1, true));
  assert.equal(told.at(-1), "9@0? 1@1 7@2");
  assert.equal(room.seat, 1);
  socket.say(onlineFrame(9, true), onlineFrame(7, false), standUpFrame(9));
  assert.deepEqual(told.slice(3), ["9@0 1@1 7@2", "9@0 1@1 7@2?", "1@1 7@2?"]);
  socket.end(1006);
  await world.pass(300);
  await world.seat({ isKept: true });
  assert.equal(told.at(-1), "1@1 7@2?", "a kept seat: what was known is known");
  world.socket.end(1006);
  await world.pass(600);
  (await world.open()).say(sitDownFrame(3, 0, true), sitDownFrame(1, 1, true));
  assert.equal(told.at(-1), "3@0 1@1", "a new seat: it is told anew");
});

test("[client] who comes back in a new client knows himself, and not yet his seat", async (t) => {
  const { world, client, room } = sit(t);
  await world.seat({ isKept: true });
  assert.deepEqual(room.players, [{ user: 1n, seat: undefined, isOnline: true }]);
  assert.equal(room.seat, undefined);
  assert.ok(client.state.is === "back" && client.state.from === "reconnect");
});

test("[client] a watcher who takes a seat stands up and sits down in one breath: he was never outside", async (t) => {
  const { world, room, states } = sit(t);
  const socket = await world.open();
  socket.say(sitDownFrame(1, 4, true));
  socket.take();
  room.sit(2);
  assert.deepEqual(socket.sits, [{ game_name: "dice", room_id: "1", seat: "2" }]);
  socket.say(standUpFrame(1), sitDownFrame(1, 2, true), scene);
  await world.pass(2000);
  assert.deepEqual([states.at(-1), room.seat], ["seated", 2]);
});

test("[client] who is stood up and nothing follows is outside", async (t) => {
  const { world, room, states } = sit(t);
  const socket = await world.seat();
  socket.say(standUpFrame(1));
  await world.pass(600);
  assert.deepEqual([states.at(-1), room.isOver], ["outside: stood up", true]);
});

test("[client] who is stood up as the connection breaks is not seated by the next one", async (t) => {
  const { world, room } = sit(t);
  const socket = await world.seat();
  socket.say(standUpFrame(1));
  socket.end(1006);
  await world.pass(300);
  await world.open();
  assert.deepEqual([world.socket.take(), room.isOver], [[], true]);
});

test("[client] events are decoded by the game's description; raw frames are there for tools", async (t) => {
  const { world, client, room } = sit(t);
  const heard: string[] = [];
  client.on("frame", (command, body) => void heard.push(`${command}/${body.length}`));
  room.on("scene", ({ status, dice: points }) => void heard.push(`scene ${status} ${JSON.stringify(points)}`));
  const leave = room.on("shaken", ({ userId, dicePoints }) => void heard.push(`shaken ${userId} ${dicePoints}`));
  room.on("print", (text) => void heard.push(text));
  const socket = await world.open();
  socket.say(scene);
  assert.deepEqual(heard.splice(0), ["101/8"], "of a room that was left: not before the own seat");
  socket.say(sitDownFrame(1, 0, true), scene, encode(Dice.SHAKE, ShakeResponseSchema, { userId: 1n, dicePoints: 6 }), printFrame("a dump"));
  assert.deepEqual(heard.splice(0), ["3/4", 'scene true {"1":6}', "101/8", "shaken 1 6", "103/4", "a dump", "6/8"]);
  leave();
  socket.say(encode(Dice.SHAKE, ShakeResponseSchema, { userId: 1n }));
  assert.deepEqual(heard, ["103/2"]);
});

test("[client] a listener that throws stops nobody, and is reported as uncaught", async (t) => {
  const { world, client, room } = sit(t);
  const uncaught = Promise.withResolvers<unknown>();
  process.setUncaughtExceptionCaptureCallback((thrown) => uncaught.resolve(thrown));
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  const heard: string[] = [];
  room.on("scene", () => {
    throw new Error("mine");
  });
  room.on("scene", () => void heard.push("scene"));
  (await world.seat()).say(scene);
  assert.deepEqual([heard, client.state.is], [["scene"], "seated"]);
  assert.equal(((await uncaught.promise) as Error).message, "mine");
});

test("[client] a room that was left says nothing to the next: that one is asked for when nothing more can come", async (t) => {
  const { world, client, room } = sit(t);
  const socket = await world.seat();
  room.leave();
  const next = client.sit(dice, { room: "2" });
  const heard: string[] = [];
  next.on("players", () => void heard.push("players"));
  next.on("scene", () => void heard.push("scene"));
  next.on("refused", ({ code }) => void heard.push(code));
  assert.deepEqual(socket.take(), [Command.SIT_DOWN, Command.STAND_UP, Command.PRINT]);
  socket.say(sitDownFrame(1, 3, true), scene, refusal("notAllowed"), disconnectFrame(DisconnectReason.ROOM_DISSOLVED));
  assert.deepEqual([heard, socket.take(), next.isOver], [[], [], false]);
  socket.say(refusal("notInARoom"));
  assert.deepEqual(socket.sits, [{ game_name: "dice", room_id: "2" }]);
  socket.say(refusal("notInARoom"), sitDownFrame(1, 0, true), scene);
  assert.deepEqual([heard, next.players.length, client.state.is], [["players", "scene"], 1, "seated"]);
});

test("[client] a sit that was given up before its answer is waited for like a room that was left", async (t) => {
  const { world, client, room } = sit(t);
  const socket = await world.open();
  room.leave();
  const next = client.sit(dice, { room: "2" });
  next.leave();
  client.sit(dice, { room: "3" });
  assert.deepEqual(socket.take(), [Command.SIT_DOWN, Command.STAND_UP, Command.PRINT]);
  socket.say(sitDownFrame(1, 0, true), refusal("notInARoom"));
  assert.deepEqual(socket.sits, [{ game_name: "dice", room_id: "3" }]);
});

test("[client] who waits ten seconds for the end of the last room asks for the next all the same", async (t) => {
  const { world, client, room } = sit(t);
  const socket = await world.seat();
  room.leave();
  client.sit(dice, { room: "2" });
  await world.pass(9000);
  socket.take();
  await world.pass(1100);
  assert.deepEqual(socket.take(), [Command.SIT_DOWN]);
});

test("[client] a connection that breaks meanwhile leaves nothing to wait for", async (t) => {
  const { world, client, room } = sit(t);
  const socket = await world.seat();
  room.leave();
  client.sit(dice, { room: "2" });
  socket.end(1006);
  await world.pass(300);
  await world.open();
  assert.deepEqual(world.socket.take(), [Command.SIT_DOWN]);
  await world.pass(11_000);
  assert.deepEqual(world.socket.take(), []);
});

test("[client] who closes as he hears that he sits down is not asked for", async (t) => {
  const { world, client, states } = sit(t);
  client.on("state", (state) => {
    if (short(state) === "connecting: sit") void client.close();
  });
  const socket = await world.open();
  assert.deepEqual([socket.take(), states.at(-1)], [[], "gone: closed"]);
});

test("[client] who leaves as he hears that he sits down is not asked for", async (t) => {
  const { world, client, room, states } = sit(t);
  client.on("state", (state) => {
    if (short(state) === "connecting: sit") room.leave();
  });
  const socket = await world.open();
  assert.deepEqual([socket.take(), states.at(-1)], [[], "outside: left"]);
});

test("[client] every listener hears the states in their order, also where one of them changes it", async (t) => {
  const { world, client, room } = sit(t);
  const heard: string[] = [];
  client.on("state", (state) => {
    if (state.is === "seated") room.leave();
  });
  client.on("state", (state) => void heard.push(short(state)));
  await world.seat();
  assert.deepEqual(heard, ["connecting: start", "connecting: sit", "seated", "outside: left"]);
});

test("[client] who is there is told anew after Disconnect 0, too", async (t) => {
  const { world, room } = sit(t);
  const socket = await world.open();
  socket.say(sitDownFrame(9, 1, true), sitDownFrame(1, 0, true));
  socket.say(disconnectFrame(DisconnectReason.RETRY));
  await world.pass(300);
  socket.say(sitDownFrame(1, 0, true));
  assert.deepEqual(
    room.players.map(({ user }) => user),
    [1n],
  );
});

test("[client] a frame that cannot be read is passed over, and nothing is uncaught", async (t) => {
  const { world, client, room } = sit(t);
  const uncaught: unknown[] = [];
  process.setUncaughtExceptionCaptureCallback((thrown) => uncaught.push(thrown));
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  const socket = await world.seat();
  const broken = new Uint8Array([0xff, 0xff, 0xff]);
  const commands = [Command.ERROR, Command.DISCONNECT, Command.SIT_DOWN, Command.STAND_UP, Command.ONLINE, Command.PRINT, Command.NOTICE];
  socket.say(...[...commands, Dice.SCENE].map((command) => frame(command, broken)), new Uint8Array([1, 2]));
  await world.settle();
  assert.deepEqual([client.state.is, room.players.length, uncaught], ["seated", 1, []]);
});

test("[client] where the way is stuck a sit, a goodbye and what was kept are said all the same", async (t) => {
  const { world, room } = sit(t);
  assert.equal(room.send("shake"), "queued");
  await world.settle();
  world.socket.bufferedAmount = 300_000;
  const socket = await world.seat();
  assert.deepEqual(socket.take(), [Command.SIT_DOWN, Dice.SHAKE]);
  assert.equal(room.send("shake"), "dropped");
  room.leave();
  assert.deepEqual(socket.take(), [Command.STAND_UP]);
});

test("[client] what was kept stays kept where the connection closes as the seat is given", async (t) => {
  const { world, room } = sit(t);
  room.send("shake");
  const socket = await world.open();
  socket.take();
  socket.readyState = 2;
  socket.say(sitDownFrame(1, 0, true));
  socket.end(1006);
  await world.pass(300);
  await world.seat();
  assert.deepEqual(world.socket.take(), [Command.SIT_DOWN, Dice.SHAKE]);
});

test("[client] a sit that is refused in a way nobody here knows is refused for good", async (t) => {
  const { world, client, room } = sit(t);
  const socket = await world.open();
  socket.say(errorFrame(new Refused({ code: 199, desc: "under age", retry: true }), true));
  assert.ok(client.state.is === "outside" && client.state.error?.number === 199);
  assert.ok(room.isOver);
});

test("[client] another seat that is asked for before the first sit is answered is asked for then", async (t) => {
  const { world, room } = sit(t);
  const socket = await world.open();
  room.sit(2);
  socket.take();
  socket.say(sitDownFrame(1, 0, true));
  assert.deepEqual(socket.sits, [{ game_name: "dice", room_id: "1", seat: "2" }]);
});

test("[client] a move that is said as seldom as a server may say it is one move, which ends after the last notice", async (t) => {
  const { world, client, states } = sit(t);
  const socket = await world.seat();
  for (let said = 0; said < 4; said++) {
    socket.say(notice(Notice_Reason.MOVE));
    await world.pass(10_000);
  }
  assert.deepEqual(states.slice(3), ["moving"]);
  await world.pass(6000);
  assert.deepEqual(client.state, { is: "back", from: "stay" });
});

test("[client] one room at a time; a match names none; a client that is gone gives a room that is over", async (t) => {
  const { world, client, room } = sit(t);
  assert.throws(() => client.match(dice), { code: "inAnotherRoom" });
  const socket = await world.seat();
  socket.take();
  room.leave();
  assert.equal(client.state.is, "outside");
  client.match(dice, { watch: true, seat: 3, options: { private: true } });
  socket.say(refusal("notInARoom"));
  assert.deepEqual(socket.sits, [{ game_name: "dice", seat: "3", watch: "true", options: '{"private":true}' }]);
  assert.deepEqual(socket.take(), [Command.STAND_UP, Command.PRINT, Command.SIT_DOWN]);
  void client.close();
  const late = client.sit(dice, { room: "1" });
  assert.deepEqual([late.isOver, late.send("shake"), client.state.is], [true, "dropped", "gone"]);
});

test("[client][PROTOCOL §3.6] the scene is asked for without asking for a seat, in the room where one is", async (t) => {
  const { world, room } = sit(t);
  const socket = await world.seat();
  socket.take();
  room.sit();
  assert.deepEqual(socket.sits, [{ game_name: "dice", room_id: "1", watch: "true" }], "a watcher of a full table stays one");
  socket.end(1006);
  await world.pass(300);
  const again = await world.seat({ isKept: true });
  again.take();
  room.sit();
  assert.deepEqual(again.sits, [{ game_name: "dice", room_id: "1", watch: "true" }], "the seat that is kept is that one");
});

test("[client][PROTOCOL §2.2] who was led to a seat he had asks for nothing in the room that he had asked for", async (t) => {
  const { world, room } = sit(t);
  const socket = await world.seat({ isKept: true });
  socket.take();
  room.sit();
  room.sit(3);
  assert.deepEqual(socket.sits, [
    { game_name: "dice", watch: "true" },
    { game_name: "dice", seat: "3" },
  ]);
});

test("[client] what the library asks for itself is answered to nobody else", async (t) => {
  const { world, client, room } = sit(t);
  const socket = await world.seat();
  room.leave();
  const frames: number[] = [];
  client.on("frame", (command) => void frames.push(command));
  client.sit(dice, { room: "2" });
  socket.say(refusal("notInARoom"), new Uint8Array([0, 0]), sitDownFrame(1, 0, true));
  assert.deepEqual(frames, [Command.SIT_DOWN]);
});
