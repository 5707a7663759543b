/**
 * What crosses the link of the floors in one turn: one WebSocket message of entries.
 *
 *     entry   count u16 · session u32, so many times · length u16 · frame
 */
export interface Entry {
  readonly sessions: readonly number[];
  readonly frame: Buffer;
}

export class Batch {
  #bytes = Buffer.allocUnsafe(1024);
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(sessions: readonly number[], frame: Uint8Array): void {
    const end = this.#length + 2 + 4 * sessions.length + 2 + frame.length;
    while (end > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.allocUnsafe(this.#bytes.length)]);
    let at = this.#bytes.writeUInt16BE(sessions.length, this.#length);
    for (const session of sessions) at = this.#bytes.writeUInt32BE(session, at);
    at = this.#bytes.writeUInt16BE(frame.length, at);
    this.#bytes.set(frame, at);
    this.#length = end;
  }

  /** What was added, as one message; and it begins anew. */
  take(): Buffer {
    const message = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return message;
  }
}

export function* entriesOf(message: Buffer): Iterable<Entry> {
  for (let at = 0; at < message.length; ) {
    const count = message.readUInt16BE(at);
    const sessions = Array.from({ length: count }, (_, index) => message.readUInt32BE(at + 2 + 4 * index));
    const start = at + 2 + 4 * count + 2;
    const end = start + message.readUInt16BE(start - 2);
    yield { sessions, frame: message.subarray(start, end) };
    at = end;
  }
}
