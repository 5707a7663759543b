/**
 * The rooms of the floors: an event crosses the link once per session, or once with its sessions; and with a journal, every
 * room that was touched in a turn is written down with what it says, in one transaction, before it says it.
 *
 *     node bench/floors/rooms.ts each|once [JOURNAL]
 */
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { type WebSocket, WebSocketServer } from "ws";
import { benchCommands } from "#bench/game.ts";
import { bodyOf, commandOf, frame } from "#protocol/frame.ts";
import { Batch, type Entry, entriesOf } from "./batch.ts";
import { linkCommands } from "./link_commands.ts";

interface Room {
  readonly id: number;
  said: number;
  sessions: number[];
  outputs: { readonly sessions: readonly number[]; readonly frame: string }[];
}

const [, , crossing, journal] = process.argv;
const rooms = new Map<number, Room>();
const roomOf = new Map<number, Room>();
const touched = new Set<Room>();
const outputs = new Batch();
const write = journal === undefined ? () => {} : writerTo(journal);

function say(room: Room, sessions: readonly number[], bytes: Uint8Array): void {
  if (crossing === "once") outputs.add(sessions, bytes);
  else for (const session of sessions) outputs.add([session], bytes);
  if (journal !== undefined) room.outputs.push({ sessions: [...sessions], frame: Buffer.from(bytes).toString("base64") });
}

function arrive(session: number, id: number): void {
  const room = rooms.get(id) ?? { id, said: 0, sessions: [], outputs: [] };
  rooms.set(id, room);
  roomOf.set(session, room);
  room.sessions.push(session);
  touched.add(room);
  say(room, [session], frame(benchCommands.SCENE));
}

function leave(session: number, room: Room): void {
  room.sessions = room.sessions.filter((each) => each !== session);
  roomOf.delete(session);
  touched.add(room);
}

function hear({ sessions: [session = 0], frame: bytes }: Entry): void {
  const [command, room] = [commandOf(bytes), roomOf.get(session)];
  if (command === linkCommands.ARRIVE) return arrive(session, Number(bodyOf(bytes).toString()));
  if (room === undefined) return;
  if (command === linkCommands.LEAVE) return leave(session, room);
  room.said += 1;
  touched.add(room);
  if (command === benchCommands.ASK) say(room, [session], frame(benchCommands.REPLY, bodyOf(bytes)));
  else say(room, room.sessions, frame(benchCommands.EVENT, bodyOf(bytes)));
}

function writerTo(file: string): () => void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE rooms (id INTEGER PRIMARY KEY, value TEXT)");
  const [begin, end] = [database.prepare("BEGIN IMMEDIATE"), database.prepare("COMMIT")];
  const keep = database.prepare("INSERT OR REPLACE INTO rooms VALUES (?, ?)");
  return () => {
    begin.run();
    for (const room of touched) {
      keep.run(room.id, JSON.stringify(room));
      room.outputs = [];
    }
    end.run();
  };
}

function endTurn(gate: WebSocket): void {
  write();
  touched.clear();
  if (!outputs.isEmpty) gate.send(outputs.take());
}

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
server.on("connection", (gate) => {
  gate.on("message", (message: Buffer) => {
    if (touched.size === 0) setImmediate(endTurn, gate);
    for (const entry of entriesOf(message)) hear(entry);
  });
});
server.on("listening", () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
