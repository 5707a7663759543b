/** How a client comes back: waits, close codes, tokens. The other end is played by hand. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Client, type ClientState, connect } from "#clients/client.ts";
import { closeCodes } from "#protocol/close_codes.ts";
import { dice } from "#protocol/dice.ts";
import { bodyOf, commandOf, decode } from "#protocol/frame.ts";
import { Command, StringSchema } from "#protocol/gen/frame_pb.ts";
import { Refused } from "#protocol/refusals.ts";
import { errorFrame, tokenAcceptedFrame } from "#protocol/system_frames.ts";
import { FakeWorld } from "#tests/support/fake_sockets.ts";

interface At {
  readonly world: FakeWorld;
  readonly client: Client;
  readonly states: ClientState[];
}

function begin(t: TestContext, getToken?: () => string | Promise<string>): At {
  const world = new FakeWorld(t);
  const client = connect({ url: "ws://gate", getToken: getToken ?? world.getToken });
  const states: ClientState[] = [];
  client.on("state", (state) => void states.push(state));
  t.after(() => void client.close());
  return { world, client, states };
}

const last = (states: readonly ClientState[]): ClientState | undefined => states.at(-1);

function lastBecause(states: readonly ClientState[]): string {
  const state = last(states);
  return state !== undefined && "because" in state ? state.because : "";
}

/** What each close code does to a client that was in, by the words of PROTOCOL §1.5. */
const answers: readonly (readonly [code: number, then: string])[] = [
  [closeCodes.bye.code, "gone: closed"],
  [closeCodes.goingAway.code, "connecting: restart"],
  [closeCodes.protocolError.code, "gone: rejected"],
  [closeCodes.textMessage.code, "gone: rejected"],
  [1006, "connecting: lost"],
  [1007, "gone: rejected"],
  [closeCodes.policy.code, "gone: rejected"],
  [closeCodes.tooLarge.code, "gone: rejected"],
  [closeCodes.restart.code, "connecting: restart"],
  [closeCodes.tryLater.code, "connecting: try later"],
  [4000, "connecting: lost"],
  [closeCodes.tokenExpired.code, "connecting: token expired"],
  [closeCodes.silent.code, "connecting: lost"],
  [closeCodes.tooManyMessages.code, "connecting: try later"],
  [4499, "connecting: lost"],
  [closeCodes.kicked.code, "gone: removed"],
  [4999, "gone: removed"],
];

for (const [code, then] of answers)
  test(`[client][PROTOCOL §1.5] a close with ${code}: ${then}`, async (t) => {
    const { world, client, states } = begin(t);
    (await world.open()).end(code, "words");
    const state = last(states);
    assert.equal(`${state?.is}: ${lastBecause(states)}`, then);
    assert.ok(state !== undefined && "detail" in state && state.detail === "words");
    await world.pass(9000);
    assert.equal(world.sockets.length, client.state.is === "gone" ? 1 : 2, "it comes back exactly if it may");
    assert.equal(world.tokens, world.sockets.length, "with a token of its own");
  });

test("[client] every close code of the table is tried above", () => {
  const tried = new Set(answers.map(([code]) => code));
  assert.deepEqual(
    Object.values(closeCodes).filter(({ code }) => !tried.has(code)),
    [],
  );
});

test("[client] waits have full jitter: anywhere from 0 to a bound that doubles up to 10 s", async (t) => {
  const { world, states } = begin(t);
  world.chance = 0.999_999;
  await world.open();
  world.socket.end(1006);
  const bounds: number[] = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    const state = last(states);
    assert.ok(state?.is === "connecting");
    bounds.push(Math.round(state.delayMs));
    await world.pass(state.delayMs + 10);
    assert.equal(world.sockets.length, attempt + 2, "it is made when its time has come");
    world.socket.end(1006);
  }
  assert.deepEqual(bounds, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  world.chance = 0;
  await world.pass(10_000);
  world.socket.end(1006);
  assert.ok(last(states)?.is === "connecting");
  assert.equal((last(states) as { delayMs: number }).delayMs, 0, "nor is there a least wait");
});

test("[client] who is asked to back off waits 5 s more than the others", async (t) => {
  const { world, states } = begin(t);
  world.chance = 0;
  (await world.open()).end(closeCodes.tooManyMessages.code);
  await world.pass(4900);
  assert.equal(world.sockets.length, 1);
  assert.equal((last(states) as { delayMs: number }).delayMs, 5000);
  await world.pass(200);
  assert.equal(world.sockets.length, 2);
});

test("[client] a connection that does not last is no success: waits go on growing", async (t) => {
  const { world, states } = begin(t);
  world.chance = 0.999_999;
  const delays: number[] = [];
  for (const lastsMs of [100, 100, 100, 6000]) {
    (await world.open()).say();
    await world.pass(lastsMs);
    world.socket.end(1012);
    const { delayMs } = last(states) as { delayMs: number };
    delays.push(Math.round(delayMs));
    await world.pass(delayMs + 10);
  }
  assert.deepEqual(delays, [250, 500, 1000, 250]);
  const next = last(states);
  assert.ok(next?.is === "connecting");
  assert.equal(next.attempt, 1, "counted from the last success");
  world.socket.end(1006);
  assert.equal(Math.round((last(states) as { delayMs: number }).delayMs), 500);
});

test("[client] who is never let in gives up after a minute, not after a short outage", async (t) => {
  const { world, client } = begin(t);
  await world.settle();
  for (let seconds = 0; seconds < 55; seconds++) {
    if (world.socket.readyState === 0) world.socket.end(1006);
    await world.pass(1000);
  }
  assert.equal(client.state.is, "connecting");
  const made = world.sockets.length;
  assert.ok(made > 5, `${made} attempts`);
  for (let seconds = 0; seconds < 20; seconds++) {
    if (world.socket.readyState === 0) world.socket.end(1006);
    await world.pass(1000);
  }
  assert.deepEqual(client.state, { is: "gone", because: "never let in", code: 1006, detail: "closed with 1006" });
  const last = world.sockets.length;
  await world.pass(60_000);
  assert.equal(world.sockets.length, last);
});

test("[client] a getToken that fails for minutes makes nobody give up", async (t) => {
  let isSignedIn = false;
  const { world, states } = begin(t, () => {
    if (!isSignedIn) throw new Error("signed out");
    return world.getToken();
  });
  await world.pass(200_000);
  assert.equal(lastBecause(states), "no token");
  isSignedIn = true;
  await world.pass(10_100);
  world.socket.end(1006);
  assert.equal(lastBecause(states), "lost");
});

test("[client] a getToken that never answers has failed after ten seconds", async (t) => {
  let calls = 0;
  const { world, states } = begin(t, () => {
    calls += 1;
    return calls === 1 ? new Promise<string>(() => undefined) : world.getToken();
  });
  await world.pass(10_300);
  const state = last(states);
  assert.ok(state?.is === "connecting" && state.because === "no token");
  assert.equal(state.detail, "getToken does not answer");
  await world.pass(600);
  await world.open();
  assert.equal(calls, 2);
});

test("[client] a connection that is refused with an error and no close is lost at once, and once", async (t) => {
  const { world, states } = begin(t);
  await world.settle();
  const { socket } = world;
  const { onclose } = socket;
  socket.refuse();
  assert.deepEqual(
    states.map((state) => state.is === "connecting" && state.because),
    ["start", "lost"],
  );
  assert.equal(socket.onclose, null);
  assert.notEqual(onclose, null);
  await world.pass(600);
  assert.equal(world.sockets.length, 2);
});

test("[client] an error of an open connection waits for its close", async (t) => {
  const { world, states } = begin(t);
  const socket = await world.open();
  socket.onerror?.();
  assert.equal(last(states)?.is, "outside");
  socket.end(4500, "words");
  assert.deepEqual(last(states), { is: "gone", because: "removed", code: 4500, detail: "words" });
});

test("[client] after 4401 the same token is not shown again: it counts as none", async (t) => {
  const token = `head.${btoa(JSON.stringify({ id: 1 }))}.signature`;
  let given = token;
  const { world, client, states } = begin(t, () => given);
  (await world.open()).end(closeCodes.tokenExpired.code);
  assert.equal(lastBecause(states), "token expired");
  await world.pass(30_000);
  assert.ok(client.state.is === "connecting" && client.state.because === "no token");
  assert.equal(client.state.detail, "the token has expired");
  assert.equal(world.sockets.length, 1);
  given = world.getToken();
  await world.pass(10_100);
  assert.equal(world.sockets.length, 2);
});

test("[client] a token that has expired by its own word is shown once: the clock here may be wrong", async (t) => {
  const { world, client } = begin(t, () => token);
  const token = `head.${btoa(JSON.stringify({ id: 1, exp: world.nowSeconds - 60 }))}.signature`;
  await world.settle();
  world.socket.end(1006);
  await world.pass(5000);
  assert.ok(client.state.is === "connecting" && client.state.because === "no token");
  assert.equal(world.sockets.length, 1);
});

test("[client] who was let in once never gives up", async (t) => {
  const { world, client } = begin(t);
  await world.open();
  for (let attempt = 0; attempt < 20; attempt++) {
    world.socket.end(1006);
    await world.pass(10_100);
  }
  assert.equal(world.sockets.length, 21);
  assert.equal(client.state.is, "connecting");
});

test("[client] a gate that does not answer is left after ten seconds", async (t) => {
  const { world, states } = begin(t);
  await world.pass(10_300);
  assert.equal(world.sockets[0]?.closedWith, 1005);
  assert.deepEqual([last(states)?.is, (last(states) as { detail: string }).detail], ["connecting", "no answer"]);
});

test("[client] getToken is called before every attempt; one that fails is an attempt", async (t) => {
  let calls = 0;
  const { world, states } = begin(t, async () => {
    calls += 1;
    if (calls === 1) throw new Error("signed out");
    if (calls === 2) return "nonsense";
    return world.getToken();
  });
  await world.pass(5000);
  assert.equal(calls, 3);
  assert.deepEqual(
    states.map((state) => state.is === "connecting" && [state.because, state.attempt, state.detail]),
    [
      ["start", 1, ""],
      ["no token", 2, "signed out"],
      ["no token", 3, "the token is no JWT"],
    ],
  );
  assert.deepEqual(world.socket.protocols.slice(0, 1), ["bearer"]);
});

test("[client] a new token is brought before the last one expires, and so on, on the same connection", async (t) => {
  const { world } = begin(t);
  world.payload = { id: 1, exp: world.nowSeconds + 300 };
  const socket = await world.open();
  await world.pass(265_000);
  assert.deepEqual(socket.take(), []);
  world.payload = { id: 1, exp: world.nowSeconds + 600 };
  await world.pass(6000);
  assert.equal(world.tokens, 2);
  const [frame] = socket.sent;
  assert.ok(frame !== undefined && commandOf(frame) === Command.TOKEN);
  assert.match(decode(StringSchema, bodyOf(frame)).v, /^head\./);
  socket.take();
  await world.pass(530_000);
  assert.deepEqual([world.tokens, socket.take()], [2, []]);
  world.payload = { id: 1, exp: world.nowSeconds + 600 };
  await world.pass(20_000);
  assert.deepEqual([world.tokens, socket.take(), world.sockets.length], [3, [Command.TOKEN], 1]);
});

test("[client] a getToken that gives the same token again, or one that ends no later, is asked every ten seconds, and nothing is brought", async (t) => {
  const { world } = begin(t);
  world.payload = { id: 1, exp: world.nowSeconds + 100 };
  const socket = await world.open();
  await world.pass(89_000);
  assert.equal(world.tokens, 1);
  await world.pass(29_000);
  assert.deepEqual([world.tokens, socket.take()], [4, []]);
});

test("[client] a clock that is ahead by more than a token lasts brings no stream of tokens", async (t) => {
  const { world } = begin(t);
  const fresh = (): void => {
    world.payload = { id: 1, iat: world.nowSeconds - 3600, exp: world.nowSeconds - 3300 };
  };
  fresh();
  const socket = await world.open();
  await world.pass(265_000);
  assert.deepEqual([world.tokens, socket.take()], [1, []]);
  fresh();
  await world.pass(6000);
  assert.deepEqual([world.tokens, socket.take()], [2, [Command.TOKEN]]);
  await world.pass(200_000);
  assert.equal(world.tokens, 2);
});

test("[client] a token that was not fresh is renewed before it ends, not a lifetime from now", async (t) => {
  const { world } = begin(t);
  world.payload = { id: 1, iat: world.nowSeconds - 3300, exp: world.nowSeconds + 300 };
  const socket = await world.open();
  world.payload = { id: 1, iat: world.nowSeconds, exp: world.nowSeconds + 3600 };
  await world.pass(271_000);
  assert.deepEqual(socket.take(), [Command.TOKEN]);
});

test("[client] tokens that last a second are renewed every ten, whatever they say", async (t) => {
  const { world } = begin(t, () => {
    world.payload = { id: 1, exp: world.nowSeconds + 1 };
    return world.getToken();
  });
  const socket = await world.open();
  await world.pass(60_000);
  assert.deepEqual(socket.take(), Array(5).fill(Command.TOKEN));
});

test("[client] a new token that is refused is no refusal of the room nor of a sit, and another is asked for", async (t) => {
  const { world, client } = begin(t);
  const room = client.sit(dice, { room: "1" });
  const refused: string[] = [];
  room.on("refused", ({ code }) => void refused.push(code));
  world.payload = { id: 1, exp: world.nowSeconds + 100 };
  const socket = await world.open();
  world.payload = { id: 1, exp: world.nowSeconds + 400 };
  await world.pass(91_000);
  assert.deepEqual(socket.take(), [Command.SIT_DOWN, Command.TOKEN]);
  socket.say(errorFrame(new Refused("badRequest"), false));
  assert.deepEqual([refused, room.isOver], [[], false]);
  world.payload = { id: 1, exp: world.nowSeconds + 800 };
  await world.pass(11_000);
  assert.deepEqual(socket.take(), [Command.TOKEN]);
  socket.say(errorFrame(new Refused("tryAgain"), false), tokenAcceptedFrame());
  assert.deepEqual(refused, ["tryAgain"], "the token was accepted: the error was the sit's");
  socket.say(errorFrame(new Refused("badRequest"), false));
  assert.deepEqual(refused, ["tryAgain"], "the sit waits, and hears nothing");
});

test("[client] a token without an end is not renewed", async (t) => {
  const { world } = begin(t);
  await world.open();
  await world.pass(3_600_000);
  assert.equal(world.tokens, 1);
});

test("[client] a refresh that fails is tried again, and a token of another user is not brought", async (t) => {
  let calls = 0;
  const { world } = begin(t, () => {
    calls += 1;
    if (calls === 2) throw new Error("not now");
    return world.getToken();
  });
  world.payload = { id: 1, exp: world.nowSeconds + 100 };
  const socket = await world.open();
  await world.pass(91_000);
  assert.deepEqual([calls, socket.take()], [2, []]);
  world.payload = { id: 2, exp: world.nowSeconds + 100 };
  await world.pass(10_000);
  assert.deepEqual([calls, socket.take()], [3, []]);
});

test("[client] closing says goodbye once, and ends when the other end does not answer", async (t) => {
  const { world, client, states } = begin(t);
  const socket = await world.open();
  const closed = client.close();
  assert.equal(closed, client.close());
  assert.equal(socket.closedWith, 1000);
  assert.deepEqual(last(states), { is: "gone", because: "closed", code: 1000, detail: "bye" });
  await world.pass(3100);
  await closed;
  await world.pass(60_000);
  assert.equal(world.sockets.length, 1);
});

test("[client] closing in the moment in which it was made stays closed", async (t) => {
  const { world, client, states } = begin(t);
  await client.close();
  await world.pass(60_000);
  assert.deepEqual([world.sockets.length, world.tokens, states.map(({ is }) => is)], [0, 0, ["gone"]]);
});

test("[client] closing while it waits stays closed", async (t) => {
  const { world, client } = begin(t);
  (await world.open()).end(1006);
  await client.close();
  await world.pass(60_000);
  assert.equal(world.sockets.length, 1);
});

test("[client] a way that has died without a word is left after a silence and a knock", async (t) => {
  const { world, client, states } = begin(t);
  const socket = await world.open();
  await world.pass(120_000);
  assert.deepEqual(socket.take(), [], "as long as anything comes nothing is asked");
  socket.isDead = true;
  await world.pass(44_000);
  assert.deepEqual(socket.take(), []);
  await world.pass(2000);
  assert.deepEqual(socket.take(), [Command.TOKEN]);
  await world.pass(50_000);
  assert.equal(client.state.is, "outside", "a gate that holds a room may read nothing for 90 s");
  await world.pass(10_000);
  assert.deepEqual([lastBecause(states), (last(states) as { detail: string }).detail], ["lost", "no answer"]);
  await world.open();
  assert.equal(world.sockets.length, 2);
});

test("[client] a quiet way that is whole is kept: the answer to the knock is said to nobody", async (t) => {
  const { world, client } = begin(t);
  const heard: number[] = [];
  client.on("frame", (command) => void heard.push(command));
  const socket = await world.open();
  const { tokens } = world;
  socket.isDead = true;
  for (const answer of [tokenAcceptedFrame(), errorFrame(new Refused("badRequest"), false), tokenAcceptedFrame()]) {
    await world.pass(46_000);
    const [knock] = socket.sent.splice(0);
    assert.deepEqual(knock && [commandOf(knock), decode(StringSchema, bodyOf(knock)).v], [Command.TOKEN, socket.protocols[1]]);
    socket.say(answer);
  }
  await world.pass(44_000);
  assert.deepEqual([world.sockets.length, client.state.is, heard], [1, "outside", []]);
  assert.equal(world.tokens, tokens, "nobody is asked for a token, whatever the answer");
});

test("[client] nothing is asked while the answer to a new token is due", async (t) => {
  const { world } = begin(t, () => world.getToken());
  world.payload = { id: 1, iat: world.nowSeconds, exp: world.nowSeconds + 100 };
  const socket = await world.open();
  await world.pass(60_000);
  world.payload = { id: 1, iat: world.nowSeconds, exp: world.nowSeconds + 3600 };
  await world.pass(31_000);
  assert.deepEqual(socket.take(), [Command.TOKEN]);
  socket.isDead = true;
  await world.pass(50_000);
  assert.deepEqual(socket.take(), []);
  socket.say(tokenAcceptedFrame());
  await world.pass(46_000);
  const [knock] = socket.sent;
  assert.ok(knock !== undefined);
  assert.notEqual(decode(StringSchema, bodyOf(knock)).v, socket.protocols[1], "it is the new one by which the server goes now");
});

test("[client][PROTOCOL §1.3] a token that could not be judged is brought again; one that is not good is not", async (t) => {
  for (const [refusal, times] of [
    ["tryAgain", 2],
    ["badRequest", 1],
  ] as const) {
    const world = new FakeWorld(t);
    const token = (secondsLeft: number): string =>
      `head.${btoa(JSON.stringify({ id: 1, iat: world.nowSeconds, exp: world.nowSeconds + secondsLeft }))}.signature`;
    const given = [token(120), token(3600)];
    const client = connect({ url: "ws://gate", getToken: () => given.shift() ?? shown });
    const shown = given[1] as string;
    const socket = await world.open();
    for (let time = 0; time < 2; time++) {
      await world.pass(time === 0 ? 109_000 : 11_000);
      socket.say(errorFrame(new Refused(refusal), false));
    }
    assert.deepEqual(socket.take(), Array<number>(times).fill(Command.TOKEN), refusal);
    void client.close();
    t.mock.reset();
  }
});
