/** A frame as it goes to a client: one WebSocket message, whole, binary and not masked (RFC 6455 §5.2). */
import type { Frame } from "#protocol/frame.ts";

const wholeBinary = 0x82;
/** Lengths up to here are in the second byte; these two say that 2 or 8 more hold it. */
const shortMax = 125;
const inTwoBytes = 126;
const inEightBytes = 127;

export function messageOf(frame: Frame): Uint8Array {
  const { length } = frame;
  const headerBytes = length <= shortMax ? 2 : length <= 0xffff ? 4 : 10;
  const message = Buffer.allocUnsafe(headerBytes + length);
  message[0] = wholeBinary;
  if (headerBytes === 2) message[1] = length;
  else if (headerBytes === 4) {
    message[1] = inTwoBytes;
    message.writeUInt16BE(length, 2);
  } else {
    message[1] = inEightBytes;
    message.writeBigUInt64BE(BigInt(length), 2);
  }
  message.set(frame, headerBytes);
  return message;
}
