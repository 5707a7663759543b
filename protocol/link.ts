/**
 * The link's own messages as bytes. A link carries batches; a batch is a run of messages:
 *
 *     u32 length of what follows │ u8 kind │ payload
 *
 *     say     a ToServer or ToGate of link.proto
 *     input   u32 session │ u32 number │ frame                            gate → server
 *     confirm u32 room │ u32 output                                       gate → server
 *     output  u32 room │ u32 output │ u8 flags │ u16 n │ n × u32 session │ frame    server → gate
 *     ack     u32 session │ u32 number                                    server → gate
 *
 * Numbers are big-endian; a room is called by the handle that the server gave it on this
 * link. These four are laid out by hand because every message of every player passes here
 * twice. Link kinds are not client commands and
 * share no numbers with them.
 */
import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { Frame } from "./frame.ts";
import { type ToGate, ToGateSchema, type ToServer, ToServerSchema } from "./gen/link_pb.ts";

/** Raised when either end of a link must understand something new. */
export const linkProtocol = 1;

/** Largest batch either end accepts, in bytes: a thousand sessions' largest frames would be a bug. */
export const batchBytesMax = 4 * 1024 * 1024;

const kinds = { say: 1, input: 2, output: 3, ack: 4, confirm: 5 } as const;

export const outputFlags = {
  none: 0,
  /** The sessions named are out of their room after this. */
  ends: 1,
  /** The frame refuses what no honest client asks: gates count these. */
  strike: 2,
} as const;

/** What arrives at a game server. */
export interface ServerReader {
  input(session: number, number: number, frame: Frame): void;
  /** Every output of the room up to `number` has been passed on. */
  confirm(handle: number, number: number): void;
  say(message: ToServer): void;
}

/** What arrives at a gate. */
export interface GateReader {
  output(handle: number, number: number, flags: number, sessions: readonly number[], frame: Frame): void;
  /** Every input of the session up to `number` is applied. */
  ack(session: number, number: number): void;
  say(message: ToGate): void;
}

/** A batch that is none: the link it came on is reset, nothing else. */
export class LinkGarbage extends Error {
  override readonly name = "LinkGarbage";
}

/** Gathers messages into one growing buffer until `take`. */
export class BatchWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The batch so far, as bytes of its own; the writer starts an empty one. */
  take(): Uint8Array {
    const batch = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return batch;
  }

  protected begin(kind: number, payloadBytes: number): void {
    this.#grow(5 + payloadBytes);
    this.u32(1 + payloadBytes);
    this.u8(kind);
  }

  protected u8(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  protected u16(value: number): void {
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  protected u32(value: number): void {
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  protected bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #grow(by: number): void {
    const needed = this.#length + by;
    if (needed <= this.#bytes.length) return;
    const bigger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    bigger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bigger;
    this.#view = new DataView(bigger.buffer);
  }
}

/** What a gate writes. */
export class ToServerWriter extends BatchWriter {
  input(session: number, number: number, frame: Frame): void {
    this.begin(kinds.input, 8 + frame.length);
    this.u32(session);
    this.u32(number);
    this.bytes(frame);
  }

  confirm(handle: number, number: number): void {
    this.begin(kinds.confirm, 8);
    this.u32(handle);
    this.u32(number);
  }

  say(say: MessageInitShape<typeof ToServerSchema>["say"]): void {
    const bytes = toBinary(ToServerSchema, create(ToServerSchema, say === undefined ? {} : { say }));
    this.begin(kinds.say, bytes.length);
    this.bytes(bytes);
  }
}

/** What a game server writes. */
export class ToGateWriter extends BatchWriter {
  output(handle: number, number: number, flags: number, sessions: readonly number[], frame: Frame): void {
    this.begin(kinds.output, 11 + 4 * sessions.length + frame.length);
    this.u32(handle);
    this.u32(number);
    this.u8(flags);
    this.u16(sessions.length);
    for (const session of sessions) this.u32(session);
    this.bytes(frame);
  }

  ack(session: number, number: number): void {
    this.begin(kinds.ack, 8);
    this.u32(session);
    this.u32(number);
  }

  say(say: MessageInitShape<typeof ToGateSchema>["say"]): void {
    const bytes = toBinary(ToGateSchema, create(ToGateSchema, say === undefined ? {} : { say }));
    this.begin(kinds.say, bytes.length);
    this.bytes(bytes);
  }
}

/**
 * Reads a batch from a gate.
 * @throws {LinkGarbage} at the first message that is none; those before it have been delivered.
 */
export function readToServer(batch: Uint8Array, reader: ServerReader): void {
  for (const message = new MessageCursor(batch); message.next(); ) {
    if (message.kind === kinds.input) reader.input(message.u32(), message.u32(), message.rest());
    else if (message.kind === kinds.confirm) reader.confirm(message.u32(), message.u32());
    else if (message.kind === kinds.say) reader.say(said(ToServerSchema, message.rest()));
    else throw new LinkGarbage(`kind ${message.kind} is not for a game server`);
  }
}

/**
 * Reads a batch from a game server.
 * @throws {LinkGarbage} at the first message that is none; those before it have been delivered.
 */
export function readToGate(batch: Uint8Array, reader: GateReader): void {
  for (const message = new MessageCursor(batch); message.next(); ) {
    if (message.kind === kinds.output) reader.output(message.u32(), message.u32(), message.u8(), message.u32s(), message.rest());
    else if (message.kind === kinds.ack) reader.ack(message.u32(), message.u32());
    else if (message.kind === kinds.say) reader.say(said(ToGateSchema, message.rest()));
    else throw new LinkGarbage(`kind ${message.kind} is not for a gate`);
  }
}

/** Walks a batch. One cursor serves every message of it: read before asking for the next. */
class MessageCursor {
  kind = 0;
  readonly #batch: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #end = 0;

  constructor(batch: Uint8Array) {
    this.#batch = batch;
    this.#view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  }

  next(): boolean {
    this.#at = this.#end;
    if (this.#at === this.#batch.length) return false;
    this.#end = this.#batch.length;
    const length = this.u32();
    if (length < 1 || length > this.#batch.length - this.#at) throw new LinkGarbage(`a message of ${length} bytes`);
    this.#end = this.#at + length;
    this.kind = this.u8();
    return true;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** A list of u32 behind its u16 count. */
  u32s(): number[] {
    const list: number[] = [];
    for (let left = this.#view.getUint16(this.#take(2)); left > 0; left--) list.push(this.u32());
    return list;
  }

  rest(): Uint8Array {
    return this.#batch.subarray(this.#at, this.#end);
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#end) throw new LinkGarbage("a message ends too early");
    this.#at += bytes;
    return at;
  }
}

function said<Schema extends DescMessage>(schema: Schema, bytes: Uint8Array): MessageShape<Schema> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new LinkGarbage(`no ${schema.typeName}`, { cause });
  }
}
