/** The client's end that measures: what a server says is heard whole, once, in order, however it comes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { until } from "#tests/support/until.ts";
import { masked, RawSocket } from "./raw_socket.ts";

const host = "127.0.0.1";
const upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
const binary = 0x82;

/** As a server frames them: not masked. */
function framed(message: Buffer): Buffer {
  if (message.length < 126) return Buffer.concat([Buffer.of(binary, message.length), message]);
  return Buffer.concat([Buffer.of(binary, 126, message.length >> 8, message.length & 0xff), message]);
}

/** A server that says what it likes on the bare stream. */
async function open(t: TestContext, speak: (stream: Socket) => void): Promise<string[]> {
  const server = createServer().on("upgrade", (_request, stream) => speak(stream as Socket));
  await once(server.listen(0, host), "listening");
  t.after(() => server.close());
  const heard: string[] = [];
  const socket = await RawSocket.open({ host, port: (server.address() as AddressInfo).port }, { path: "/" });
  t.after(() => socket.close());
  socket.onMessage = (message) => heard.push(message.toString());
  return heard;
}

test("[bench] messages that come with the upgrade are heard, before what comes later", async (t) => {
  const heard = await open(t, (stream) => {
    stream.write(Buffer.concat([Buffer.from(upgraded), framed(Buffer.from("one")), framed(Buffer.from("two"))]));
    stream.write(framed(Buffer.from("three")));
  });
  await until(() => heard.length === 3);
  assert.deepEqual(heard, ["one", "two", "three"]);
});

test("[bench] a message is heard whole however it is cut, and several in one piece are several", async (t) => {
  const messages = ["a", "b".repeat(200), "", "c"].map((text) => Buffer.from(text));
  const bytes = Buffer.concat(messages.map(framed));
  const heard = await open(t, async (stream) => {
    stream.setNoDelay(true);
    stream.write(upgraded);
    for (const pieceBytes of [1, 3, bytes.length]) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        stream.write(bytes.subarray(at, at + pieceBytes));
        if (at < 20) await sleep(2);
        else await new Promise(setImmediate);
      }
    }
  });
  await until(() => heard.length === 3 * messages.length);
  const expected = messages.map(String);
  assert.deepEqual(heard, [...expected, ...expected, ...expected]);
});

test("[bench] ws understands what is sent; pings are answered, long messages heard, an end is told", async (t) => {
  const server = new WebSocketServer({ port: 0, host });
  await once(server, "listening");
  const connected = once(server, "connection");
  const socket = await RawSocket.open({ host, port: (server.address() as AddressInfo).port }, { path: "/" });
  const [peer] = await connected;
  t.after(() => {
    socket.close();
    server.close();
  });
  const long = "x".repeat(70_000);
  const [received, ponged] = [once(peer, "message"), once(peer, "pong")];
  socket.send(masked(Buffer.from("y".repeat(300))));
  peer.ping("are you there");
  assert.equal(String((await received)[0]), "y".repeat(300));
  assert.equal(String((await ponged)[0]), "are you there");
  const heard = new Promise((resolve) => {
    socket.onMessage = (message) => resolve(message.toString());
  });
  peer.send(Buffer.from(long));
  assert.equal(await heard, long);
  const closed = new Promise<void>((resolve) => {
    socket.onClose = resolve;
  });
  peer.close();
  await closed;
});

test("[bench] a refused upgrade is an error that says why", async (t) => {
  const refused = open(t, (stream) => stream.end("HTTP/1.1 401 Unauthorized\r\n\r\n"));
  await assert.rejects(refused, /401 Unauthorized/);
});
