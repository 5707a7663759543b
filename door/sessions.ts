/**
 * The sessions of a door: opens one for each player who is let in, finds them by their
 * number, keeps them beating, and closes them at a pace when the process leaves.
 */
import type { CloseCodeName } from "#protocol/close_codes.ts";
import type { Frame } from "#protocol/frame.ts";
import { type DisconnectReason, Notice_Action, Notice_Reason } from "#protocol/gen/frame_pb.ts";
import { outputFlags } from "#protocol/link.ts";
import { noticeFrame } from "#protocol/system_frames.ts";
import type { Timer } from "#runtime/clock.ts";
import { type Entropy, fraction } from "#runtime/entropy.ts";
import { errorsOnly } from "#runtime/log.ts";
import type { Identity } from "./admission.ts";
import { Heartbeat } from "./heartbeat.ts";
import { RefusalLines } from "./refusal_lines.ts";
import { Session, type SessionShare, type SessionSocket } from "./session.ts";
import { SessionLines } from "./session_lines.ts";

/** A leaving door closes at least so many sessions a second: a few need no window. */
const closesPerSecondMin = 100;

/** Of a session that is not logged there is no refusal in the log, but for failures. */
const nothing = { burst: 0, perSecond: 0 };

interface SessionsOptions extends Omit<SessionShare, "onGone" | "refusalLines"> {
  readonly entropy: Entropy;
  onGone(): void;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #share: SessionShare;
  /** Of sessions that are not logged. */
  readonly #unsaid: SessionShare;
  readonly #lines = new SessionLines();
  readonly #sessions = new Map<number, Session>();
  readonly #leaveHeartbeat = new Map<number, () => void>();
  readonly #closes = new Set<Timer>();
  readonly #heartbeat: Heartbeat;
  #last = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const refusalLines = new RefusalLines(options.clock, () => this.#lineOnDropped());
    this.#share = { ...options, refusalLines, onGone: (session) => this.#sessionOnGone(session) };
    const noLines = new RefusalLines(options.clock, () => this.#lineOnDropped(), { each: nothing, all: nothing });
    this.#unsaid = { ...this.#share, refusalLines: noLines, log: errorsOnly(options.log) };
    this.#heartbeat = new Heartbeat(options.pongTimeoutMs, options.clock);
  }

  get size(): number {
    return this.#sessions.size;
  }

  all(): Iterable<Session> {
    return this.#sessions.values();
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id);
  }

  open(socket: SessionSocket, identity: Identity, address: string): Session {
    const id = ++this.#last;
    const { clock, counts } = this.#options;
    const left = this.#lines.take(identity.user, address, clock.now());
    if (left === undefined) this.#lineOnDropped();
    const session = new Session(id, identity, { socket, address }, left === undefined ? this.#unsaid : this.#share);
    this.#sessions.set(id, session);
    this.#leaveHeartbeat.set(id, this.#heartbeat.add(session));
    counts.sessions = this.#sessions.size;
    session.log.info("session open", { "client.address": address, ...left });
    return session;
  }

  /** A room's output for some of them; `flags` are `outputFlags` of the link. */
  output(flags: number, ids: Iterable<number>, frame: Frame): void {
    for (const id of ids) {
      const session = this.#sessions.get(id);
      if (session === undefined) continue;
      if (frame.length > 0) session.deliver(frame);
      if (flags & outputFlags.strike) session.strike();
      if (flags & outputFlags.ends) session.roomEnded();
    }
  }

  /** Tells everyone, closes nobody for `delayMs`, then everyone within `windowMs` with jitter, so that they do not come back all at once. */
  closePaced({ delayMs, windowMs }: { delayMs: number; windowMs: number }): void {
    const spreadMs = Math.min(windowMs, (this.#sessions.size / closesPerSecondMin) * 1000);
    const notice = { reason: Notice_Reason.GATE_RESTART, action: Notice_Action.RECONNECT, text: "" };
    for (const session of this.#sessions.values()) {
      const inMs = delayMs + spreadMs * fraction(this.#options.entropy);
      session.deliver(noticeFrame({ ...notice, deadlineMs: inMs }));
      const timer = this.#options.clock.after(inMs, () => {
        this.#closes.delete(timer);
        session.close("restart");
      });
      this.#closes.add(timer);
    }
  }

  /** Those not closed yet stay. */
  keep(): void {
    for (const timer of this.#closes) timer.cancel();
    this.#closes.clear();
  }

  /** Nobody here has a seat any more: who had one is told. */
  losePlaces(reason: DisconnectReason): void {
    for (const session of this.#sessions.values()) session.placeLost(reason);
  }

  closeAll(name: CloseCodeName): void {
    this.keep();
    for (const session of [...this.#sessions.values()]) session.close(name);
  }

  stop(): void {
    this.closeAll("restart");
    this.#heartbeat.stop();
  }

  #lineOnDropped(): void {
    this.#options.counts.linesDropped += 1;
  }

  #sessionOnGone({ id }: Session): void {
    this.#sessions.delete(id);
    this.#leaveHeartbeat.get(id)?.();
    this.#leaveHeartbeat.delete(id);
    this.#options.counts.sessions = this.#sessions.size;
    this.#options.onGone();
  }
}
