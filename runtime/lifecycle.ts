/**
 * How a process leaves service (P6). It owns the stage, the drain deadline and nothing
 * else; what draining and dissolving mean is the process's own.
 *
 *                ┌──────────── undo ───────────┐
 *                v                             │
 *     serving ──first signal, POST /drain──> draining ──second signal──> dissolving
 *                                              │  │                       ^    │
 *                                              │  └─deadline─> may park? ─┘no  │ nothing left
 *                                   nothing left       yes │                   │
 *                                              v           v                   v
 *                                             gone <───────┴───────────────────┘
 *
 * Further signals change nothing. `drain` is idempotent and never counts as a second signal.
 */
import type { Clock, Timer } from "./clock.ts";
import type { Log } from "./log.ts";
import type { DrainKind, Load, Stage } from "./process_views.ts";

/** What the process does at each change of stage. Each may call `settle` before it returns. */
export interface Leaving {
  /** What the drain that is under way does, or what one would do that began now. */
  readonly drainKind: DrainKind;
  readonly load: Load;
  /** No new work; what there is leaves as `drainKind` says. */
  drain(): void;
  /** Back in service. False: too late, nothing is changed. */
  undo(): boolean;
  /** Freezes what is left for a successor. False: nobody has promised one. */
  park(): boolean;
  /** End what is left now. */
  dissolve(): void;
  /** Whether nothing is left, so that the process can go. */
  isEmpty(): boolean;
}

export class Lifecycle {
  #stage: Stage = "serving";
  #deadline: { readonly atMs: number; readonly timer: Timer } | undefined;
  readonly #leaving: () => Leaving;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #deadlineMs: number;
  readonly #gone = Promise.withResolvers<void>();

  /** `deadlineMs` after the drain began what is left is parked or dissolved; 0 = never. */
  constructor(leaving: () => Leaving, { clock, log, deadlineMs }: { clock: Clock; log: Log; deadlineMs: number }) {
    this.#leaving = leaving;
    this.#clock = clock;
    this.#log = log;
    this.#deadlineMs = deadlineMs;
  }

  get stage(): Stage {
    return this.#stage;
  }

  /** Milliseconds until the drain deadline; undefined when there is none. */
  get leftMs(): number | undefined {
    return this.#deadline === undefined ? undefined : Math.max(0, this.#deadline.atMs - this.#clock.now());
  }

  /** Resolves when the process may exit. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** SIGTERM or SIGINT. */
  signal(): void {
    if (this.#stage === "serving") this.drain();
    else if (this.#stage === "draining") this.#dissolve();
  }

  drain(): void {
    if (this.#stage !== "serving") return;
    this.#enter("draining");
    if (this.#deadlineMs > 0) {
      const timer = this.#clock.after(this.#deadlineMs, () => this.#deadlineOnPass());
      this.#deadline = { atMs: this.#clock.now() + this.#deadlineMs, timer };
    }
    this.#log.info("drain start", { "event.reason": this.#leaving().drainKind });
    this.#leaving().drain();
    this.settle();
  }

  /** Takes a drain back. False: there is none, or it is too late. */
  undo(): boolean {
    if (this.#stage !== "draining" || !this.#leaving().undo()) return false;
    this.#enter("serving");
    this.#log.info("drain undo");
    return true;
  }

  /** To be called whenever something ended: a leaving process that is empty is gone. */
  settle(): void {
    if (this.#stage !== "draining" && this.#stage !== "dissolving") return;
    if (!this.#leaving().isEmpty()) return;
    this.#enter("gone");
    this.#gone.resolve();
  }

  #deadlineOnPass(): void {
    this.#deadline = undefined;
    this.#log.info("drain deadline");
    if (this.#leaving().park()) this.settle();
    else this.#dissolve();
  }

  #dissolve(): void {
    this.#enter("dissolving");
    this.#log.info("dissolve all");
    this.#leaving().dissolve();
    this.settle();
  }

  #enter(stage: Stage): void {
    this.#stage = stage;
    this.#deadline?.timer.cancel();
    this.#deadline = undefined;
  }
}
