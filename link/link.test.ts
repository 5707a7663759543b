/** A link's two ends: greeting, batching, silence, garbage; over memory with time at hand, and over real sockets. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import type { GateHello, ServerHello } from "#protocol/gen/link_pb.ts";
import { readToGate, readToServer, type ToGateWriter, ToServerWriter } from "#protocol/link.ts";
import { type Clock, systemClock } from "#runtime/clock.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import type { Keys } from "#runtime/settings.ts";
import type { LinkChannel } from "./channel.ts";
import { greetGate, greetServer } from "./greeting.ts";
import { prove } from "./proof.ts";
import type { LinkSocket } from "./socket.ts";
import { memoryPair } from "./socket_memory.ts";
import { dialWebSocket, WebSocketLink } from "./socket_websocket.ts";

const key = new Uint8Array(32).fill(1);
const otherKey = new Uint8Array(32);
const server = { journal: "00000000000000aa", boot: 3, release: "v1", games: ["dice"], durable: false };

type Greeted<Writer, Hello> = { channel?: Writer; hello?: Hello; failed?: string };

/** Greets from both ends and gives what came of it, which the caller awaits by its clock. */
function greetBoth(
  [gateEnd, serverEnd]: [LinkSocket, LinkSocket],
  clock: Clock,
  {
    gateKeys = [key] as Keys,
    serverKeys = [key] as Keys,
    refuse = () => undefined as string | undefined,
    refuseServer = () => undefined as string | undefined,
    boot = "00000000000000bb",
    journal = server.journal,
  } = {},
) {
  const gate: Greeted<LinkChannel<ToServerWriter>, ServerHello> = {};
  const game: Greeted<LinkChannel<ToGateWriter>, GateHello> = {};
  greetGate(serverEnd, {
    ...{ clock, entropy: systemEntropy, keys: serverKeys, hello: () => ({ ...server, journal }), refuse },
    onUp: (channel, hello) => Object.assign(game, { channel, hello }),
    onFailed: (failed) => Object.assign(game, { failed }),
  });
  greetServer(gateEnd, {
    ...{ clock, entropy: systemEntropy, keys: gateKeys, boot, release: "v1", refuse: refuseServer },
    onUp: (channel, hello) => Object.assign(gate, { channel, hello }),
    onFailed: (failed) => Object.assign(gate, { failed }),
  });
  return { gate, game };
}

test("[link] both ends prove themselves and learn who the other is", async () => {
  const clock = new ManualClock();
  const { gate, game } = greetBoth(memoryPair(clock), clock);
  await clock.advance(10);
  assert.equal(gate.hello?.journal, server.journal);
  assert.equal(game.hello?.boot, "00000000000000bb");
});

for (const [step, gateKeys, serverKeys] of [
  ["the next one is accepted by one end", [key, otherKey], [key]],
  ["the next one is used by one end", [otherKey, key], [key, otherKey]],
  ["the next one is used by one end, and unknown to the other", [otherKey, key], [key]],
  ["the last one is accepted by one end", [otherKey, key], [otherKey]],
  ["the last one is used by one end", [key, otherKey], [otherKey]],
] as const satisfies [string, Keys, Keys][]) {
  test(`[PROTOCOL §7] a link key is exchanged without losing a link: ${step}`, async () => {
    for (const swapped of [false, true]) {
      const clock = new ManualClock();
      const keys = swapped ? { gateKeys: serverKeys, serverKeys: gateKeys } : { gateKeys, serverKeys };
      const { gate, game } = greetBoth(memoryPair(clock), clock, keys);
      await clock.advance(10);
      assert.deepEqual([gate.failed, game.failed], [undefined, undefined]);
    }
  });
}

test("[PROTOCOL §7] a gate of an older release proves itself by one key, and is answered by that one", async () => {
  const clock = new ManualClock();
  const [gateEnd, serverEnd] = memoryPair(clock);
  const hellos: ServerHello[] = [];
  const nonce = new Uint8Array(32).fill(3);
  let theirs = new Uint8Array();
  greetGate(serverEnd, {
    ...{ clock, entropy: systemEntropy, keys: [otherKey, key], hello: () => server, refuse: () => undefined },
    ...{ onUp: () => {}, onFailed: () => {} },
  });
  const writer = new ToServerWriter();
  const garbage = (): never => assert.fail("no greeting");
  gateEnd.listen({
    onClose: () => {},
    onBatch: (batch) =>
      readToGate(batch, {
        ...{ output: garbage, ack: garbage },
        say: ({ say }) => {
          if (say.case === "hello") hellos.push(say.value);
          if (say.case !== "challenge") return;
          theirs = Uint8Array.from(say.value.nonce);
          const proof = prove(key, "gate", "00000000000000bb", theirs, nonce);
          writer.say({ case: "hello", value: { protocol: say.value.protocol, boot: "00000000000000bb", release: "v0", nonce, proof } });
          gateEnd.send(writer.take());
        },
      }),
  });
  await clock.advance(10);
  assert.deepEqual(
    hellos.map(({ proof }) => Buffer.from(proof)),
    [Buffer.from(prove(key, "server", server.journal, nonce, theirs))],
  );
});

test("[P7][PROTOCOL §7] of many proofs four are looked at, and a good one behind them is none", async () => {
  const many = [...Array<Uint8Array>(4).fill(new Uint8Array(32).fill(9)), key] as unknown as Keys;
  const clock = new ManualClock();
  const { gate, game } = greetBoth(memoryPair(clock), clock, { gateKeys: many });
  await clock.advance(10);
  assert.deepEqual([gate.failed, game.channel], ["the gate does not know the link key", undefined]);
});

test("[PROTOCOL §7] a gate without the link key gets a sentence and no link", async () => {
  const clock = new ManualClock();
  const { gate, game } = greetBoth(memoryPair(clock), clock, { gateKeys: [otherKey] });
  await clock.advance(10);
  assert.equal(gate.failed, "the gate does not know the link key");
  assert.equal(game.channel, undefined);
});

test("[PROTOCOL §7] a server that does not know the link key is not believed", async () => {
  const clock = new ManualClock();
  const [gateEnd, serverEnd] = memoryPair(clock);
  const { gate } = greetBoth([gateEnd, serverEnd], clock, { serverKeys: [otherKey] });
  await clock.advance(10);
  assert.equal(gate.channel, undefined);
  assert.ok(gate.failed);
});

test("[PROTOCOL §7] who has the key and no name that a room could keep gets a sentence and no link", async () => {
  for (const [names, sentence] of [
    [{ boot: "__proto__" }, "the gate has no name"],
    [{ journal: "" }, "the server has no name"],
  ] as const) {
    const clock = new ManualClock();
    const { gate } = greetBoth(memoryPair(clock), clock, names);
    await clock.advance(10);
    assert.equal(gate.failed, sentence);
  }
});

test("[static] a gate that may not come in reads why", async () => {
  const clock = new ManualClock();
  const { gate } = greetBoth(memoryPair(clock), clock, { refuse: () => "one gate is enough" });
  await clock.advance(10);
  assert.equal(gate.failed, "one gate is enough");
});

test("[static] a gate that is linked to this server already goes away before either end has committed to anything", async () => {
  const clock = new ManualClock();
  const { gate, game } = greetBoth(memoryPair(clock), clock, { refuseServer: () => "linked already" });
  await clock.advance(10);
  assert.deepEqual([gate.failed, game.channel, game.failed], ["linked already", undefined, "closed by the other end"]);
});

test("[P7] an end that never greets is cut after two seconds", async () => {
  const clock = new ManualClock();
  const [, serverEnd] = memoryPair(clock);
  let failed = "";
  greetGate(serverEnd, {
    ...{ clock, entropy: systemEntropy, keys: [key], hello: () => server, refuse: () => undefined, onUp: () => {} },
    onFailed: (why) => {
      failed = why;
    },
  });
  await clock.advance(1_999);
  assert.equal(failed, "");
  await clock.advance(1);
  assert.equal(failed, "no greeting");
});

/** An open link whose ends write down what they read. */
async function openLink(clock: ManualClock) {
  const [gateEnd, serverEnd] = memoryPair(clock);
  const { gate, game } = greetBoth([gateEnd, serverEnd], clock);
  await clock.advance(10);
  assert.ok(gate.channel && game.channel);
  const [toServer, toGate, downs]: [string[], string[], string[]] = [[], [], []];
  let batches = 0;
  gate.channel.handOver({
    read: (batch) => {
      batches += batch.length > 0 ? 1 : 0;
      readToGate(batch, {
        output: (_room, _number, _flags, sessions) => toGate.push(`output ${[...sessions]}`),
        ack: () => toGate.push("ack"),
        say: () => {},
      });
    },
    onDown: (why) => downs.push(`gate: ${why}`),
  });
  game.channel.handOver({
    read: (batch) =>
      readToServer(batch, { input: (session, number) => toServer.push(`${session}/${number}`), confirm: () => {}, say: () => {} }),
    onDown: (why) => downs.push(`server: ${why}`),
  });
  return { gate: gate.channel, game: game.channel, gateEnd, serverEnd, toServer, toGate, downs, batches: () => batches };
}

test("[link] what a turn says leaves as one batch, in order", async () => {
  const clock = new ManualClock();
  const link = await openLink(clock);
  for (let session = 1; session <= 5; session++) link.game.out.output(1, 1, 0, [session], new Uint8Array(3));
  link.game.out.ack(1, 1);
  await clock.advance(0);
  await clock.advance(0);
  assert.deepEqual(link.toGate, ["output 1", "output 2", "output 3", "output 4", "output 5", "ack"]);
  assert.equal(link.batches(), 1);
});

test("[F8] an end that hears nothing for three seconds takes the link for lost", async () => {
  const clock = new ManualClock();
  const link = await openLink(clock);
  await clock.advance(60_000);
  assert.deepEqual(link.downs, [], "beats keep a quiet link up");
  link.serverEnd.send = () => {}; // the server's words go nowhere from now on
  await clock.advance(4_000);
  assert.equal(link.downs[0], "gate: silent");
});

test("[PROTOCOL §7] garbage cuts the link it came on", async () => {
  const clock = new ManualClock();
  const link = await openLink(clock);
  link.gateEnd.send(new Uint8Array([0, 0, 0, 99, 1]));
  await clock.advance(10);
  assert.match(link.downs[0] ?? "", /^server: garbage/);
  assert.equal(link.downs.length, 2);
});

test("[link] an end that says its last word and ends is heard to the end", async () => {
  const clock = new ManualClock();
  const link = await openLink(clock);
  link.game.out.output(1, 1, 1, [1], new Uint8Array(3));
  link.game.end("done");
  await clock.advance(10);
  assert.deepEqual(link.toGate, ["output 1"]);
  assert.deepEqual(link.downs, ["server: done", "gate: closed by the other end"]);
});

/** A listener for one link over a real socket, closed with the test. */
async function listenForLink(t: TestContext): Promise<{ port: number; accepted: Promise<LinkSocket> }> {
  const http = createServer();
  const webSockets = new WebSocketServer({ server: http, path: "/link", maxPayload: 1024 });
  const accepted = once(webSockets, "connection").then(([socket]) => new WebSocketLink(socket as WebSocket, "test"));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  t.after(async () => {
    for (const socket of webSockets.clients) socket.terminate();
    webSockets.close();
    http.close();
    await once(http, "close");
  });
  return { port: (http.address() as AddressInfo).port, accepted };
}

test("[link] the greeting crosses a real socket", async (t) => {
  const { port, accepted } = await listenForLink(t);
  const gateEnd = await dialWebSocket(`127.0.0.1:${port}`);
  const { gate, game } = greetBoth([gateEnd, await accepted], systemClock);
  while (gate.channel === undefined || game.channel === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  gate.channel.cut("the test is over");
  while (game.failed === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(gate.hello?.journal, server.journal);
});

test("[link] dialling where nobody listens fails", async (t) => {
  const { port } = await listenForLink(t);
  await assert.rejects(dialWebSocket("127.0.0.1:1"));
  const other = new WebSocket(`ws://127.0.0.1:${port}/other`);
  await once(other, "error");
});
