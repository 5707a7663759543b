/**
 * Notices: what the server says is about to happen (PROTOCOL §1.7), those in force, and how long they have left.
 *
 * A drain's or a move's notice is said again every few seconds for as long as it is true, and nobody says that it was taken
 * back: it lapses when it has not been said again for longer than that. Nor is a gate's restart taken back: it lapses some time after
 * it should have been.
 */
import { decode } from "#protocol/frame.ts";
import { type Notice as NoticeMessage, NoticeSchema } from "#protocol/gen/frame_pb.ts";

/** What a notice is about. */
export type NoticeReason =
  /** The room will be ended; `text` says so to players. */
  | "drain"
  /** The room goes on elsewhere, or here, after a pause. */
  | "move"
  /** This connection will be closed, and comes back by itself. */
  | "gate restart"
  /** The room's server cannot be reached. */
  | "held"
  /** It can again, or the room has moved and goes on. */
  | "resumed"
  /** An operator says `text`. */
  | "message"
  /** Of a newer server. */
  | "unknown";

/** By their numbers on the wire. */
const reasonNames: readonly NoticeReason[] = ["drain", "move", "gate restart", "held", "resumed", "message"];

/** Something that happens, or is about to (PROTOCOL §1.7). */
export interface Notice {
  /** What it is about. */
  readonly reason: NoticeReason;
  /** For players, in the server's language; may be empty. */
  readonly text: string;
  /** Milliseconds left when it was said, or when it is listed; undefined: no limit is known. */
  readonly leftMs: number | undefined;
}

/** A drain or a move that has not been said for so long is over: servers say it every ten seconds at least (NOTICE_EVERY). */
const unsaidMsMax = 15_000;
/** A gate that restarts closes a connection so long after it said it would, at most. */
const lateMsMax = 5000;
const countEveryMs = 1000;

interface InForce {
  readonly notice: Notice;
  readonly saidAtMs: number;
}

export interface NoticesListener {
  /** The list has changed, or a second has gone by. */
  onCount(): void;
  /** It was not taken back, and is not said any more. */
  onLapsed(reason: NoticeReason): void;
}

export class Notices {
  readonly #listener: NoticesListener;
  readonly #inForce = new Map<NoticeReason, InForce>();
  #counting: ReturnType<typeof setInterval> | undefined;

  constructor(listener: NoticesListener) {
    this.#listener = listener;
  }

  /** Those in force, with what they have left now. */
  get list(): readonly Notice[] {
    return [...this.#inForce.values()].map(({ notice, saidAtMs }) => ({ ...notice, leftMs: leftOf(notice, saidAtMs) }));
  }

  hear(body: Uint8Array): Notice {
    const notice = readNotice(decode(NoticeSchema, body));
    if (notice.reason === "resumed")
      this.takeBack("held", "move", "drain"); // a server that drains still says so again
    else if (notice.reason !== "message" && notice.reason !== "unknown") {
      this.#inForce.set(notice.reason, { notice, saidAtMs: performance.now() });
      this.#changed();
    }
    return notice;
  }

  /** These are over. */
  takeBack(...reasons: readonly NoticeReason[]): void {
    const removed = reasons.filter((reason) => this.#inForce.delete(reason));
    if (removed.length > 0) this.#changed();
  }

  clear(): void {
    this.takeBack(...this.#inForce.keys());
  }

  #changed(): void {
    clearInterval(this.#counting);
    this.#counting = this.#inForce.size === 0 ? undefined : setInterval(() => this.#count(), countEveryMs);
    this.#listener.onCount();
  }

  #count(): void {
    for (const [reason, one] of this.#inForce) {
      if (!hasLapsed(one)) continue;
      this.takeBack(reason);
      this.#listener.onLapsed(reason);
    }
    if (this.#inForce.size > 0) this.#listener.onCount();
  }
}

/** A room that is held is, until it is resumed or given up. */
function hasLapsed({ notice: { reason, leftMs = 0 }, saidAtMs }: InForce): boolean {
  const sinceMs = performance.now() - saidAtMs;
  if (reason === "gate restart") return sinceMs > leftMs + lateMsMax;
  return reason !== "held" && sinceMs > unsaidMsMax;
}

function leftOf({ leftMs }: Notice, saidAtMs: number): number | undefined {
  return leftMs === undefined ? undefined : Math.max(0, Math.round(leftMs - (performance.now() - saidAtMs)));
}

function readNotice({ reason, text, deadlineMs }: NoticeMessage): Notice {
  const name: NoticeReason = reasonNames[reason] ?? "unknown";
  const isNow = name === "gate restart"; // with no time left; of all others 0 is "no limit"
  return { reason: name, text, leftMs: deadlineMs > 0n || isNow ? Number(deadlineMs) : undefined };
}
