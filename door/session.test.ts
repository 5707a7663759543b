/** The session's stages, numbers and waiting, without sockets or links. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CloseCodeName } from "#protocol/close_codes.ts";
import { encode, type Frame, frame } from "#protocol/frame.ts";
import { Command, DisconnectReason, SitDownRequestSchema, StringSchema } from "#protocol/gen/frame_pb.ts";
import { Refused } from "#protocol/refusals.ts";
import { errorFrame } from "#protocol/system_frames.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { silentLog } from "#runtime/log.ts";
import { Issuer, SigningKey } from "#tests/support/issuer.ts";
import { readable } from "#tests/support/readable.ts";
import { until } from "#tests/support/until.ts";
import { Admission } from "./admission.ts";
import { DoorCounts } from "./counts.ts";
import { Jwks } from "./jwks.ts";
import type { SocketEnd, SocketListener } from "./player_socket.ts";
import { RefusalLines } from "./refusal_lines.ts";
import { type Place, Session, type SessionSocket, unackedBytesMax, unackedInputsMax } from "./session.ts";

/** A session whose socket, seating and place write down what they are told. */
function open({
  messagesPerSecond = 0,
  clock = new ManualClock(),
  jwks,
}: {
  messagesPerSecond?: number;
  clock?: ManualClock;
  jwks?: Jwks;
} = {}) {
  const [told, heard]: [string[], string[]] = [[], []];
  let listener: SocketListener | undefined;
  let paused = false;
  let sits = 0;
  const socket: SessionSocket = {
    heardAtMs: 0,
    get isPaused() {
      return paused;
    },
    listen: (to) => {
      listener = to;
    },
    send: (bytes) => heard.push(readable(bytes)),
    ping: () => told.push("ping"),
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
    },
    close: (name: CloseCodeName) => {
      told.push(`close ${name}`);
      listener?.onEnd(name, 0);
    },
  };
  const place: Place = {
    name: { game: "dice", room: "1", life: "00000000000000aa" },
    isStalled: false,
    gone: () => {},
    input: (_session, number, bytes) => told.push(`input ${number} ${readable(bytes)}`),
    leave: (_session, number, how) => told.push(`leave ${number} ${how}`),
    absent: () => told.push("absent"),
  };
  const session = new Session(
    1,
    { user: 7, claims: "{}", expiresAtMs: undefined },
    { socket, address: "192.0.2.1" },
    {
      ...{
        boot: "00000000000000f1",
        clock,
        log: silentLog,
        messagesPerSecond,
        development: true,
        pongTimeoutMs: 60_000,
        counts: new DoorCounts({ metrics: "on" }),
        refusalLines: new RefusalLines(clock, () => {}),
      },
      admission: new Admission({ keys: () => [new Uint8Array(16)], clock, expiryRequired: false, jwks }),
      seating: {
        sit: (_session, request, number) => {
          sits = number;
          told.push(`sit ${number} ${request.game}`);
        },
      },
      onGone: () => told.push("gone"),
    },
  );
  return {
    ...{ clock, session, place, told, heard },
    isPaused: () => paused,
    /** Of the sit under way. */
    number: () => sits,
    send: (bytes: Frame) => listener?.onFrame(bytes),
    end: (end: SocketEnd = "left") => listener?.onEnd(end, 1000),
    take: () => told.splice(0),
  };
}

const sit = encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice" } });
const stand = frame(Command.STAND_UP);
const roll = (face: number) => frame(103, new Uint8Array([8, face]));

test("[P3] inputs are numbered from 1 on, the sit among them, and refusals that need no room are not", () => {
  const { session, place, number, send, take } = open();
  send(frame(150));
  send(sit);
  session.entered(number(), place);
  send(roll(1));
  send(roll(2));
  assert.deepEqual(take(), ["sit 1 dice", "input 2 Shake 1", "input 3 Shake 2"]);
});

test("[P3] numbers go on over a second room", () => {
  const { session, place, number, send, take } = open();
  send(sit);
  session.entered(number(), place);
  send(stand);
  session.acked(2);
  send(sit);
  session.entered(number(), place);
  send(roll(1));
  assert.deepEqual(take(), ["sit 1 dice", "leave 2 stand", "sit 3 dice", "input 4 Shake 1"]);
});

test("[PROTOCOL §1] what comes while entering waits, and the socket is not read", () => {
  const { session, place, number, send, take, isPaused } = open();
  send(sit);
  send(roll(1));
  send(stand);
  assert.deepEqual([take(), isPaused()], [["sit 1 dice"], true]);
  session.entered(number(), place);
  assert.deepEqual([take(), isPaused()], [["input 2 Shake 1", "leave 3 stand"], true]);
  session.acked(3);
  assert.equal(isPaused(), false);
});

test("[PROTOCOL §1] what waited for a sit that failed is taken outside", () => {
  const { session, number, send, take, heard, isPaused } = open();
  send(sit);
  send(stand);
  send(roll(1));
  session.notEntered(number(), errorFrame(new Refused("roomFull"), true));
  assert.deepEqual(heard, ["Error 111 room full", "Error 112 not in a room"]);
  assert.deepEqual([take(), isPaused()], [["sit 1 dice"], false]);
});

test("[PROTOCOL §3] after StandUp the session is out of the room, whatever the game said", () => {
  const { session, place, number, send, take, heard } = open();
  send(sit);
  session.entered(number(), place);
  send(stand);
  send(roll(1));
  session.acked(2);
  assert.deepEqual([take(), heard], [["sit 1 dice", "leave 2 stand"], ["Error 112 not in a room"]]);
});

test("[P4] a client that drops while entering has left as soon as it has entered", () => {
  const { session, place, number, send, end, take } = open();
  send(sit);
  send(roll(1));
  end();
  assert.deepEqual(take(), ["sit 1 dice"]);
  session.entered(number(), place);
  assert.deepEqual(take(), ["input 2 Shake 1", "leave 3 drop"]);
  session.acked(3);
  assert.deepEqual(take(), ["gone"]);
});

test("[P4] a client that drops while a sit fails is gone, once", () => {
  const { session, number, send, end, take } = open();
  send(sit);
  end();
  session.notEntered(number(), errorFrame(new Refused("tryAgain"), true));
  session.acked(1);
  session.roomEnded();
  assert.deepEqual(take(), ["sit 1 dice", "gone"]);
});

test("[P4] the client's own drop is its last input; a close that we decide for our sake makes it absent", () => {
  for (const [how, expected] of [
    ["left", ["leave 2 drop"]],
    ["slow", ["leave 2 drop"]],
    ["restart", ["absent", "gone"]],
  ] as const) {
    const { session, place, number, send, end, take } = open();
    send(sit);
    session.entered(number(), place);
    take();
    end(how);
    assert.deepEqual(take(), expected, how);
  }
});

test("[P3] a room that ended lets go: what waited is taken outside, and the next sit works", () => {
  const { session, place, number, send, take } = open();
  send(sit);
  session.entered(number(), place);
  send(roll(1));
  session.roomEnded();
  session.acked(2); // a late one
  send(sit);
  assert.deepEqual(take(), ["sit 1 dice", "input 2 Shake 1", "sit 3 dice"]);
  assert.equal(session.stage, "entering");
});

test("[P4] a way that is lost: Disconnect 0 for a seated session, nothing for one that was leaving", () => {
  const seated = open();
  seated.send(sit);
  seated.session.entered(1, seated.place);
  seated.session.placeLost(DisconnectReason.RETRY);
  assert.deepEqual(seated.heard, ["Disconnect 0"]);

  const leaving = open();
  leaving.send(sit);
  leaving.session.entered(1, leaving.place);
  leaving.send(stand);
  leaving.session.placeLost(DisconnectReason.RETRY);
  assert.deepEqual([leaving.heard, leaving.session.stage], [[], "idle"]);
});

test(`[P7] with ${unackedInputsMax} unacknowledged inputs the socket is not read until some are`, () => {
  const { session, place, number, send, take, isPaused } = open();
  send(sit);
  session.entered(number(), place);
  take();
  for (let i = 0; i < unackedInputsMax + 5; i++) send(roll(1));
  assert.deepEqual([take().length, isPaused()], [unackedInputsMax, true]);
  session.acked(3);
  assert.deepEqual([take().length, isPaused()], [2, true]);
  session.acked(100);
  assert.deepEqual([take().length, isPaused()], [3, false]);
});

test("[P3][P7] who kept to the rate while nobody read his socket is not closed for the backlog; a flood is", async () => {
  const { clock, session, place, number, send, take } = open({ messagesPerSecond: 50 });
  send(sit);
  session.entered(number(), place);
  for (let at = 0; at < unackedInputsMax; at++) {
    await clock.advance(20);
    send(roll(1));
  }
  send(roll(1)); // it waits, and so do those behind it
  await clock.advance(20_000);
  take();
  const backlog = (rolls: number): void => {
    for (let at = 0; at < rolls; at++) {
      send(roll(1));
      session.acked(Number.MAX_SAFE_INTEGER);
    }
  };
  session.acked(Number.MAX_SAFE_INTEGER);
  backlog(1000);
  assert.deepEqual([take().length, session.stage], [1001, "seated"]);
  backlog(1000);
  assert.ok(take().includes("close tooManyMessages"));
});

test(`[P7] with ${unackedBytesMax} unacknowledged bytes the socket is not read until some are`, () => {
  const { session, place, number, send, take, isPaused } = open();
  send(sit);
  session.entered(number(), place);
  take();
  for (let i = 0; i < 4; i++) send(frame(150, new Uint8Array(32_000)));
  assert.deepEqual([take().length, isPaused()], [3, true]);
  session.acked(2);
  assert.deepEqual([take().length, isPaused()], [1, true]);
  session.acked(5);
  assert.equal(isPaused(), false);
});

test("[P4] frames that wait when the client drops are taken before its leave", () => {
  const { session, place, number, send, end, take } = open();
  send(sit);
  session.entered(number(), place);
  take();
  for (let i = 0; i < unackedInputsMax + 1; i++) send(roll(1));
  end();
  assert.equal(take().length, unackedInputsMax);
  session.acked(unackedInputsMax + 1);
  assert.deepEqual(take(), [`input ${unackedInputsMax + 2} Shake 1`, `leave ${unackedInputsMax + 3} drop`]);
});

test("[PROTOCOL §6] a socket that is not read is not asked for pongs", () => {
  const { session, send, take, clock } = open();
  send(sit);
  send(roll(1));
  take();
  clock.advanceAtOnce(120_000);
  session.beat(true);
  assert.deepEqual(take(), []);
});

test("[PROTOCOL §6] a silent client is closed with 4408, one that answers is pinged", () => {
  const { session, take, clock } = open();
  session.beat(true);
  clock.advanceAtOnce(60_000);
  session.beat(true);
  assert.deepEqual(take(), ["ping", "close silent", "gone"]);
});

test("[P3] a place that is found again is given what it has not applied, in order, and then what came meanwhile", () => {
  const { session, place, number, send, take, isPaused } = open();
  send(sit);
  session.entered(number(), place);
  for (let face = 1; face <= 3; face++) send(roll(face));
  send(stand);
  send(roll(4));
  take();
  session.placeFound(2);
  assert.deepEqual([take(), isPaused()], [["input 3 Shake 2", "input 4 Shake 3", "leave 5 stand"], true]);
  session.placeFound(5);
  assert.deepEqual([take(), session.stage], [[], "idle"]);
});

test("[P3] a full window that is partly applied goes on behind what is sent again", () => {
  const { session, place, number, send, take } = open();
  send(sit);
  session.entered(number(), place);
  for (let i = 0; i < unackedInputsMax + 2; i++) send(roll(1));
  take();
  session.placeFound(3);
  const again = take();
  assert.equal(again.length, unackedInputsMax);
  assert.deepEqual([again[0], again.at(-1)], ["input 4 Shake 1", `input ${unackedInputsMax + 3} Shake 1`]);
});

test("[P8] while the place is stalled inputs are refused instead of numbered; leaving is not", () => {
  const { session, place, number, send, take, heard } = open();
  send(sit);
  session.entered(number(), { ...place, isStalled: true });
  send(roll(1));
  send(stand);
  assert.deepEqual([heard, take()], [["Error 114 try again"], ["sit 1 dice", "leave 2 stand"]]);
});

test("[PROTOCOL §3] of a sit that was given up nothing more is heard", () => {
  const { session, place, send, take, heard } = open();
  send(sit);
  session.notEntered(1, errorFrame(new Refused("tryAgain"), true));
  send(sit);
  session.notEntered(1, errorFrame(new Refused("tryAgain"), true));
  session.entered(1, place);
  assert.deepEqual([take(), heard, session.stage], [["sit 1 dice", "sit 2 dice"], ["Error 114 try again"], "entering"]);
});

test("[P7] after a freeze nobody is judged before he could answer", () => {
  const { session, take, clock } = open();
  clock.advanceAtOnce(120_000);
  session.beat(false);
  assert.deepEqual(take(), ["ping"]);
});

test("[P7] an input that is kept does not keep the whole read alive", () => {
  const { session, place, number, send } = open();
  let kept: Uint8Array | undefined;
  send(sit);
  session.entered(number(), { ...place, input: (_session, _number, bytes) => (kept = bytes) });
  send(new Uint8Array(new ArrayBuffer(65_536), 100, 8));
  assert.equal(kept?.buffer.byteLength, 8);
});

test("[P7][PROTOCOL §1.3] new tokens while their keys cannot be read: four wait, the others hear 115, and nobody is let go for it", async (t) => {
  const key = await SigningKey.make("ES256", "a");
  const issuer = await Issuer.open(t, [key]);
  issuer.answer(() => {});
  const clock = new ManualClock(Date.now());
  const jwks = new Jwks({ url: new URL(issuer.url), clock, log: silentLog, counts: new DoorCounts({ metrics: "on" }).keys });
  t.after(() => jwks.stop());
  const { heard, told, send } = open({ clock, jwks });
  const token = encode(Command.TOKEN, StringSchema, { v: await key.sign({ id: 7 }) });
  jwks.start();
  await until(() => issuer.asked === 1);
  for (let count = 0; count < 10; count++) send(token);
  assert.deepEqual(heard.splice(0), Array(6).fill("Error 115 limit reached"));
  await clock.advance(5000);
  await until(() => heard.length === 4);
  assert.deepEqual([heard.splice(0), told], [Array(4).fill("Error 114 try again"), []]);
  issuer.publish([key.jwk]);
  await clock.advance(5000);
  await until(() => jwks.isReady);
  for (const brought of [1, 2]) {
    send(token); // the second time it is the one that the session goes by
    await until(() => heard.length === brought);
  }
  assert.deepEqual(heard, ["Token", "Token"]);
});
