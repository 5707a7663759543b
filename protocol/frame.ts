/**
 * A frame: what one binary WebSocket message carries in either direction, a 4-byte
 * big-endian command and a protobuf body that may be empty. Nothing here knows which
 * commands exist or what they mean; `frame.proto` and each game's own schema do.
 */
import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Refused } from "./refusals.ts";

/** A whole frame, command and body. */
export type Frame = Uint8Array;

/** Bytes before the body. A shorter message is no frame: close 1002. */
export const commandBytes = 4;

/** Largest frame either side sends, in bytes. A larger message: close 1009 (PROTOCOL §1). */
export const frameBytesMax = 32_768;

const empty = new Uint8Array(0);

/** Builds a frame around a body that is encoded already. */
export function frame(command: number, body: Uint8Array = empty): Frame {
  const bytes = new Uint8Array(commandBytes + body.length);
  writeCommand(bytes, command);
  bytes.set(body, commandBytes);
  return bytes;
}

/** Builds a frame from a message of `schema`; fields left out have their proto3 defaults. */
export function encode<Schema extends DescMessage>(command: number, schema: Schema, fields: MessageInitShape<Schema>): Frame {
  return frame(command, toBinary(schema, create(schema, fields)));
}

/** The command of a frame: an unsigned 32-bit number, known to us or not. */
export function commandOf(bytes: Frame): number {
  return ((bytes[0] ?? 0) * 0x1000000 + (((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0))) >>> 0;
}

/** The body of a frame: a view, not a copy. */
export function bodyOf(bytes: Frame): Uint8Array {
  return bytes.subarray(commandBytes);
}

/**
 * Reads a body as a message of `schema`.
 * @throws {Refused} `badRequest` when the bytes are no such message.
 */
export function decode<Schema extends DescMessage>(schema: Schema, body: Uint8Array): MessageShape<Schema> {
  try {
    return fromBinary(schema, body);
  } catch (cause) {
    throw new Refused("badRequest", { detail: `the body is no ${schema.typeName}`, cause });
  }
}

function writeCommand(bytes: Uint8Array, command: number): void {
  bytes[0] = command >>> 24;
  bytes[1] = command >>> 16;
  bytes[2] = command >>> 8;
  bytes[3] = command;
}

/** A frame that may be kept: a copy of its own where it would keep a much larger read alive. */
export function ownFrame(frame: Frame): Frame {
  return frame.buffer.byteLength > 2 * frame.length + 1024 ? new Uint8Array(frame) : frame;
}
