/** The load counts what was delivered, and times what it says it times: against a server in this process that is told what to do. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";
import { Crowd, type LoadOptions } from "./load.ts";
import type { Subject, Wire } from "./subject.ts";

const host = "127.0.0.1";
const hello = 0;

/** A first byte says what a message is: 0 hello, 1 an answer, 2 something else. */
const wire: Wire = {
  upgrade: (_address, _user, room) => ({ path: `/${room}` }),
  greeting: () => [],
  onGreeting: (message) => ({ isSeated: message[0] === hello }),
  ask: (payload) => Uint8Array.of(1, ...payload),
  tell: (payload) => Uint8Array.of(1, ...payload),
  payloadAt: (message) => (message[0] === 1 ? 1 : -1),
};

interface At {
  readonly player: WebSocket;
  readonly room: ReadonlySet<WebSocket>;
}

async function subjectOf(t: TestContext, onQuestion: (question: Buffer, at: At) => void): Promise<Subject> {
  const server = new WebSocketServer({ port: 0, host });
  await once(server, "listening");
  const rooms = new Map<string, Set<WebSocket>>();
  server.on("connection", (player, { url = "" }) => {
    const room = rooms.get(url) ?? new Set();
    rooms.set(url, room.add(player));
    player.on("message", (question: Buffer) => onQuestion(question, { player, room }));
    player.send(Buffer.of(hello));
  });
  t.after(() => server.close());
  return { name: "mine", address: { host, port: (server.address() as AddressInfo).port }, wire, processes: {}, stop: async () => {} };
}

async function seat(t: TestContext, subject: Subject, options: LoadOptions): Promise<Crowd> {
  const crowd = await Crowd.seat(subject, options);
  t.after(() => crowd.leave());
  return crowd;
}

/** Lets so many questions of each player through, and then no more: what is counted has come long before the time is over. */
function firstOfEach(count: number): (player: WebSocket) => boolean {
  const asked = new Map<WebSocket, number>();
  return (player) => {
    asked.set(player, (asked.get(player) ?? 0) + 1);
    return (asked.get(player) ?? 0) <= count;
  };
}

test("[bench] every answer is counted once, and timed; what is no answer is not", async (t) => {
  const isAnswered = firstOfEach(10);
  const subject = await subjectOf(t, (question, { player }) => {
    if (!isAnswered(player)) return;
    player.send(Buffer.of(2, 7));
    player.send(question);
  });
  const crowd = await seat(t, subject, { players: 6, playersPerRoom: 3, kind: "ask" });
  const { deliveries, latenciesMs } = await crowd.askAsAnswered(300);
  assert.equal(deliveries, 60);
  assert.equal(latenciesMs.length, 60);
});

test("[bench] what a room is told is counted for everybody in it, and timed for whoever said it", async (t) => {
  const isTold = firstOfEach(5);
  const subject = await subjectOf(t, (question, { player, room }) => {
    if (isTold(player)) for (const each of room) each.send(question);
  });
  const crowd = await seat(t, subject, { players: 8, playersPerRoom: 4, kind: "tell" });
  const { deliveries, latenciesMs } = await crowd.askAsAnswered(300);
  assert.equal(latenciesMs.length, 8 * 5);
  assert.equal(deliveries, 8 * 5 * 4);
});

test("[bench] a latency is what the server took, and nobody has more questions open than he may", async (t) => {
  const [delayMs, inFlight] = [30, 3];
  const open = new Map<WebSocket, number>();
  let mostOpen = 0;
  const subject = await subjectOf(t, (question, { player }) => {
    open.set(player, (open.get(player) ?? 0) + 1);
    mostOpen = Math.max(mostOpen, open.get(player) ?? 0);
    setTimeout(() => {
      open.set(player, (open.get(player) ?? 0) - 1);
      player.send(question);
    }, delayMs);
  });
  const crowd = await seat(t, subject, { players: 4, playersPerRoom: 4, kind: "ask" });
  const { latenciesMs, seconds } = await crowd.askAsAnswered(400, inFlight);
  assert.equal(mostOpen, inFlight);
  assert.ok(latenciesMs.length >= 4 * inFlight);
  const [least = 0, most = 0] = [latenciesMs[0], latenciesMs.at(-1)];
  assert.ok(least >= delayMs - 1, `${least} ms`); // timers may be early by less than one
  assert.ok(most >= least && most <= seconds * 1000 + 200, `${most} ms`);
});

test("[bench] at a pace so many questions are asked as were wanted, answered or not", async (t) => {
  let asked = 0;
  const subject = await subjectOf(t, () => {
    asked += 1;
  });
  const crowd = await seat(t, subject, { players: 4, playersPerRoom: 4, kind: "ask" });
  const { deliveries, seconds } = await crowd.askAtPace(300, 400);
  assert.equal(deliveries, 0);
  assert.ok(asked > 0 && asked <= Math.ceil(seconds * 400), `${asked} questions`);
  assert.ok(asked >= 100, `${asked} questions`); // the pace is made up for when the machine was elsewhere
});
