/**
 * The gate of the floors: passes frames on over one link, one message per turn, and knows no room. What comes back it gives
 * to ws for each session, or frames once and writes to each socket itself, once per turn.
 *
 *     node bench/floors/gate.ts LINK_PORT each|once
 */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { frame } from "#protocol/frame.ts";
import { Batch, type Entry, entriesOf } from "./batch.ts";
import { letIn } from "./entrance.ts";
import { linkCommands } from "./link_commands.ts";

const [, , port, writes] = process.argv;
/** A mask of zeros: ws masks nothing. */
const link = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false, generateMask: (mask) => mask.fill(0) });
const players = new Map<number, { readonly socket: WebSocket; readonly stream: Duplex }>();
const inputs = new Batch();
let lastSession = 0;

function pass(session: number, bytes: Uint8Array): void {
  if (inputs.isEmpty) setImmediate(() => link.send(inputs.take()));
  inputs.add([session], bytes);
}

/** An unmasked binary message of fewer than 126 bytes, which all of the bench's are. */
function framed(message: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(2 + message.length);
  bytes.writeUInt16BE(0x8200 | message.length);
  bytes.set(message, 2);
  return bytes;
}

function sendEach({ sessions, frame: bytes }: Entry): void {
  for (const session of sessions) players.get(session)?.socket.send(bytes);
}

function writeOnce(entry: Entry, written: Set<Duplex>): void {
  const bytes = framed(entry.frame);
  for (const session of entry.sessions) {
    const stream = players.get(session)?.stream;
    if (stream === undefined) continue;
    if (!written.has(stream)) stream.cork();
    written.add(stream);
    stream.write(bytes);
  }
}

link.on("message", (message: Buffer) => {
  const written = new Set<Duplex>();
  for (const entry of entriesOf(message)) {
    if (writes === "once") writeOnce(entry, written);
    else sendEach(entry);
  }
  for (const stream of written) stream.uncork();
});

link.on("open", () =>
  letIn((socket, stream, room) => {
    lastSession += 1;
    const session = lastSession;
    players.set(session, { socket, stream });
    socket.on("message", (message: Buffer) => pass(session, message));
    socket.on("close", () => {
      players.delete(session);
      pass(session, frame(linkCommands.LEAVE));
    });
    pass(session, frame(linkCommands.ARRIVE, Buffer.from(String(room))));
  }),
);
