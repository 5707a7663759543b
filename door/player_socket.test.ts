/** A player's socket over a real WebSocket: what is written past ws is what ws would have written. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { closeCodes } from "#protocol/close_codes.ts";
import { type Frame, frame } from "#protocol/frame.ts";
import { type Clock, systemClock } from "#runtime/clock.ts";
import { Flusher, PlayerSocket, playerWebSocketOptions } from "./player_socket.ts";

/** Sockets of one door, and their clients with what they have heard, as lengths, and their close code. */
async function openPairs(t: TestContext, count: number, answer: (socket: PlayerSocket) => (asked: Frame) => void = () => () => {}) {
  const http = createServer();
  const webSockets = new WebSocketServer({ noServer: true, ...playerWebSocketOptions });
  const flusher = new Flusher(systemClock);
  const sockets: PlayerSocket[] = [];
  const streams: Duplex[] = [];
  http.on("upgrade", (request, stream, head) =>
    webSockets.handleUpgrade(request, stream, head, (socket) => {
      const player = new PlayerSocket(socket, stream, { clock: systemClock, queueBytesMax: 256 * 1024, flusher });
      player.listen({ onFrame: answer(player), onEnd: () => {} });
      sockets.push(player);
      streams.push(stream);
    }),
  );
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  t.after(() => http.close());
  const clients: { socket: WebSocket; heard: (number | string)[] }[] = [];
  for (let at = 0; at < count; at++) {
    const socket = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
    const heard: (number | string)[] = [];
    socket.on("message", (data: Buffer) => heard.push(data.length));
    socket.on("close", (code) => heard.push(`closed ${code}`));
    t.after(() => socket.terminate());
    clients.push({ socket, heard });
    await once(socket, "open");
  }
  return { sockets, streams, clients };
}

/** Below a client's WebSocket. */
function streamOf(socket: WebSocket): Socket {
  return (socket as unknown as { _socket: Socket })._socket;
}

/** A player's socket whose turns end when the test says so, and whose reader reads or does not. */
function openStill(isReading: boolean) {
  const ends: (() => void)[] = [];
  const clock: Clock = { ...systemClock, turnEnd: (run) => void ends.push(run) };
  const written: Uint8Array[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Uint8Array, _encoding, done) {
      if (isReading) done();
      else written.push(chunk);
    },
  });
  const socket = Object.assign(new EventEmitter(), { readyState: WebSocket.OPEN }) as unknown as WebSocket;
  const player = new PlayerSocket(socket, stream, { clock, queueBytesMax: 256 * 1024, flusher: new Flusher(clock) });
  const { _writableState: state } = stream as unknown as { _writableState: { getBuffer(): { chunk: Uint8Array }[] } };
  return {
    player,
    stream,
    endTurn: () => ends.splice(0).forEach((run) => void run()),
    kept: () => [...written, ...state.getBuffer().map(({ chunk }) => chunk)],
  };
}

/** Of the protocol: a frame of four bytes, and ways in which a client ends or breaks it. */
const question = Buffer.from([0x82, 0x84, 0, 0, 0, 0, 0, 0, 0, 7]);
const endings = [
  ["a frame too large", Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4]), 1009],
  ["reserved bits", Buffer.from([0xf2, 0x80, 1, 2, 3, 4]), 1002],
  ["the client's own close", Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]), 1000],
] as const;

for (const [what, bytes, code] of endings) {
  test(`[PROTOCOL §1] what was said in the turn in which ${what} arrives is heard before the close frame`, async (t) => {
    const { clients } = await openPairs(t, 1, (socket) => (asked) => socket.send(frame(200, asked)));
    const [client] = clients;
    assert.ok(client);
    const closed = once(client.socket, "close");
    streamOf(client.socket).write(Buffer.concat([question, bytes]));
    await closed;
    assert.deepEqual(client.heard, [8, `closed ${code}`]);
  });
}

test("[PROTOCOL §1] what was said in the turn in which the client has said its last is heard", async (t) => {
  const { clients, streams, sockets } = await openPairs(t, 1);
  const [client] = clients;
  assert.ok(client);
  streams[0]?.prependListener("end", () => sockets[0]?.send(frame(200)));
  const closed = once(client.socket, "close");
  streamOf(client.socket).end();
  await closed;
  assert.deepEqual(client.heard, [4, "closed 1006"]);
});

test("[P7] what waits for a reader who is behind keeps alive little more than itself, however busy the door", () => {
  const [slow, busy] = [openStill(false), openStill(true)];
  for (let turn = 0; turn < 1000; turn++) {
    slow.player.send(frame(200, new Uint8Array(16)));
    for (let at = 0; at < 16; at++) busy.player.send(frame(200, new Uint8Array(4000)));
    slow.endTurn();
    busy.endTurn();
  }
  const queued = slow.stream.writableLength;
  assert.equal(queued, 22_000);
  const alive = [...new Set(slow.kept().map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);
  assert.ok(alive < 8 * queued, `${queued} bytes keep ${alive} alive`);
});

const lengths = [4, 125, 126, 127, 65_535, 65_536];

test("[PROTOCOL §1] frames of every length come whole and in order, and the close frame behind them", async (t) => {
  const { sockets, clients } = await openPairs(t, 1);
  const [socket, client] = [sockets[0] as PlayerSocket, clients[0]];
  assert.ok(client);
  const closed = once(client.socket, "close");
  for (const length of lengths) socket.send(frame(200, new Uint8Array(length - 4)));
  socket.close("restart");
  socket.send(frame(200)); // says nothing behind it
  await closed;
  assert.deepEqual(client.heard, [...lengths, `closed ${closeCodes.restart.code}`]);
});

test("[PROTOCOL §1] one frame for many in a turn, others between: each hears his own, and a ping comes through", async (t) => {
  const { sockets, clients } = await openPairs(t, 3);
  const event = frame(200, new Uint8Array(96));
  const pinged = once(clients[0]?.socket as WebSocket, "ping");
  for (const [at, socket] of sockets.entries()) {
    socket.send(event);
    socket.send(frame(201, new Uint8Array(at)));
    socket.send(event);
  }
  sockets[0]?.ping();
  await pinged;
  for (const [at, client] of clients.entries()) {
    while (client.heard.length < 3) await once(client.socket, "message");
    assert.deepEqual(client.heard, [100, 4 + at, 100]);
  }
});
