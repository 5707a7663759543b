/** A player's socket over a real WebSocket: what is written past ws is what ws would have written. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { closeCodes } from "#protocol/close_codes.ts";
import { frame } from "#protocol/frame.ts";
import { systemClock } from "#runtime/clock.ts";
import { Flusher, PlayerSocket, playerWebSocketOptions } from "./player_socket.ts";

/** Sockets of one door, and their clients with what they have heard, as lengths, and their close code. */
async function openPairs(t: TestContext, count: number) {
  const http = createServer();
  const webSockets = new WebSocketServer({ noServer: true, ...playerWebSocketOptions });
  const flusher = new Flusher(systemClock);
  const sockets: PlayerSocket[] = [];
  http.on("upgrade", (request, stream, head) =>
    webSockets.handleUpgrade(request, stream, head, (socket) => {
      const player = new PlayerSocket(socket, stream, { clock: systemClock, queueBytesMax: 256 * 1024, flusher });
      player.listen({ onFrame: () => {}, onEnd: () => {} });
      sockets.push(player);
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
  return { sockets, clients };
}

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
