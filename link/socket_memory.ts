/**
 * A link within one process: two ends that hand each other batches at the end of the turn,
 * never in the middle of the sender's.
 */
import type { Clock } from "#runtime/clock.ts";
import type { LinkListener, LinkSocket } from "./socket.ts";

export function memoryPair(clock: Clock): [LinkSocket, LinkSocket] {
  const [a, b] = [new MemorySocket(clock), new MemorySocket(clock)];
  a.other = b;
  b.other = a;
  return [a, b];
}

class MemorySocket implements LinkSocket {
  readonly peer = "memory";
  other: MemorySocket | undefined;
  #listener: LinkListener | undefined;
  #open = true;
  #queuedBytes = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
  }

  send(batch: Uint8Array): void {
    if (!this.#open) return;
    this.#queuedBytes += batch.length;
    this.#clock.turnEnd(() => {
      this.#queuedBytes -= batch.length;
      this.other?.receive(batch);
    });
  }

  receive(batch: Uint8Array): void {
    if (this.#open) this.#listener?.onBatch(batch);
  }

  end(): void {
    this.#close("closed by us");
    this.#clock.turnEnd(() => this.other?.closedByPeer());
  }

  cut(): void {
    this.end();
  }

  closedByPeer(): void {
    this.#close("closed by the other end");
  }

  #close(why: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#listener?.onClose(why);
  }
}
