/**
 * One end of a link: gathers what a turn has to say into one batch, and finds out when the
 * other end has gone silent. Gates and game servers both hold one per link; what is said is
 * their business.
 *
 * A beat (an empty batch) is sent twice a second; an end that is not heard for 2.4 s counts
 * as lost, which is noticed within 3 s of its last word (F8). An end whose own timer ran
 * late first gives what has arrived meanwhile a chance to be read.
 */
import { type BatchWriter, LinkGarbage } from "#protocol/link.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { LinkSocket } from "./socket.ts";

const beatMs = 500;
const silenceMs = 2400;
/** Unsent bytes after which the other end is taken for lost: it reads too slowly to be of use. */
const queuedBytesMax = 64 * 1024 * 1024;
/** A turn that says more is sent in several batches. */
const batchBytesSoftMax = 1024 * 1024;

const beat = new Uint8Array(0);

/** Who has the channel: first the greeting, then the link. */
export interface ChannelHolder {
  /** Reads a batch; may throw `LinkGarbage`, which cuts the link. */
  read(batch: Uint8Array): void;
  /** Called once, whoever closed. */
  onDown(why: string): void;
}

export class LinkChannel<Writer extends BatchWriter> {
  readonly peer: string;
  readonly #socket: LinkSocket;
  readonly #clock: Clock;
  readonly #writer: Writer;
  readonly #beats: Timer;
  #holder: ChannelHolder;
  #heardAtMs: number;
  #beatAtMs: number;
  #flushing = false;
  #down = false;

  constructor(socket: LinkSocket, { clock, writer }: { clock: Clock; writer: Writer }, holder: ChannelHolder) {
    this.peer = socket.peer;
    this.#socket = socket;
    this.#clock = clock;
    this.#writer = writer;
    this.#holder = holder;
    this.#heardAtMs = clock.now();
    this.#beatAtMs = this.#heardAtMs;
    this.#beats = clock.every(beatMs, () => this.#onBeat());
    socket.listen({ onBatch: (batch) => this.#onBatch(batch), onClose: (why) => this.#onClose(why) });
  }

  /** From the next batch on, `holder` has the channel. */
  handOver(holder: ChannelHolder): void {
    this.#holder = holder;
  }

  /** Where to write; it leaves at the end of this turn. */
  get out(): Writer {
    if (!this.#flushing) {
      this.#flushing = true;
      this.#clock.turnEnd(() => this.flush());
    } else if (this.#writer.length > batchBytesSoftMax) {
      this.#send();
    }
    return this.#writer;
  }

  /** Sends what is written now, for callers whose turn has ended already. */
  flush(): void {
    this.#flushing = false;
    this.#send();
  }

  /** Ends the link when what was written has left; `onDown` follows with `why`. */
  end(why: string): void {
    this.flush();
    this.#onClose(why);
    this.#socket.end();
  }

  /** Cuts the link at once; `onDown` follows with `why`. */
  cut(why: string): void {
    this.#onClose(why);
    this.#socket.cut();
  }

  #send(): void {
    if (this.#writer.length === 0) return;
    const batch = this.#writer.take();
    if (this.#down) return;
    this.#socket.send(batch);
    if (this.#socket.queuedBytes > queuedBytesMax) this.cut("the other end reads too slowly");
  }

  #onBatch(batch: Uint8Array): void {
    if (this.#down) return;
    this.#heardAtMs = this.#clock.now();
    try {
      this.#holder.read(batch);
    } catch (thrown) {
      if (!(thrown instanceof LinkGarbage)) throw thrown;
      this.cut(`garbage: ${thrown.message}`);
    }
  }

  #onBeat(): void {
    const now = this.#clock.now();
    const late = now - this.#beatAtMs > 2 * beatMs;
    this.#beatAtMs = now;
    if (now - this.#heardAtMs > silenceMs && !late) this.cut("silent");
    else this.#socket.send(beat);
  }

  #onClose(why: string): void {
    if (this.#down) return;
    this.#down = true;
    this.#beats.cancel();
    this.#holder.onDown(why);
  }
}
