/** What is said while there is no way to the room: kept in order for when there is one, and bounded. */
import type { Frame } from "#protocol/frame.ts";

/** Messages kept unless `connect` is told otherwise: more than a person says while a gate restarts. */
export const keptMessagesMax = 32;
/** Bytes kept, whatever the messages. */
export const keptBytesMax = 16_384;

/**
 * What became of a message: handed to the connection; kept until there is a way to the room; or not taken, because too
 * much is waiting, or because the room is over.
 */
export type Sent = "sent" | "queued" | "dropped";

export class Outbox {
  readonly #messagesMax: number;
  readonly #frames: Frame[] = [];
  #bytes = 0;

  constructor(messagesMax: number) {
    this.#messagesMax = messagesMax;
  }

  /** False: it is full, and the frame is not kept. */
  add(frame: Frame): boolean {
    if (this.#frames.length >= this.#messagesMax || this.#bytes + frame.length > keptBytesMax) return false;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    return true;
  }

  /** Hands on what is kept, in order, as long as it is taken. */
  flush(send: (frame: Frame) => boolean): void {
    for (let first = this.#frames[0]; first !== undefined && send(first); first = this.#frames[0]) {
      this.#frames.shift();
      this.#bytes -= first.length;
    }
  }

  /** Nothing is kept any more. */
  clear(): void {
    this.#frames.length = this.#bytes = 0;
  }
}
