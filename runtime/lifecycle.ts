/**
 * How a process leaves service (P6). It owns the stage, the drain deadline and nothing
 * else; what draining and dissolving mean is the process's own.
 *
 *     serving ──first signal, drain──> draining ──second signal, deadline──> dissolving
 *        ^                                │  │                                   │
 *        └──────────── undo ──────────────┘  └──────── nothing left ──> gone <───┘
 *
 * Further signals change nothing. `drain` is idempotent and never counts as a second signal.
 */
import type { Clock, Timer } from "./clock.ts";
import type { Log } from "./log.ts";

export type Stage = "serving" | "draining" | "dissolving" | "gone";

/** What the process does at each change of stage. Each may call `settle` before it returns. */
export interface Leaving {
  /** No new work; wait for what there is. */
  drain(): void;
  /** Back in service. */
  undo(): void;
  /** End what is left now. */
  dissolve(): void;
  /** Whether nothing is left, so that the process can go. */
  isEmpty(): boolean;
}

export class Lifecycle {
  #stage: Stage = "serving";
  #deadline: Timer | undefined;
  #deadlineAtMs: number | undefined;
  readonly #leaving: () => Leaving;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #deadlineMs: number;
  readonly #gone = Promise.withResolvers<void>();

  /** `deadlineMs` after the drain began what is left is dissolved; 0 = never. */
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
    return this.#deadlineAtMs === undefined ? undefined : Math.max(0, this.#deadlineAtMs - this.#clock.now());
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
      this.#deadlineAtMs = this.#clock.now() + this.#deadlineMs;
      this.#deadline = this.#clock.after(this.#deadlineMs, () => this.#dissolve());
    }
    this.#log.info("drain start");
    this.#leaving().drain();
    this.settle();
  }

  /** Takes a drain back. Says whether there was one to take back. */
  undo(): boolean {
    if (this.#stage !== "draining") return false;
    this.#enter("serving");
    this.#log.info("drain undo");
    this.#leaving().undo();
    return true;
  }

  /** To be called whenever something ended: a leaving process that is empty is gone. */
  settle(): void {
    if (this.#stage !== "draining" && this.#stage !== "dissolving") return;
    if (!this.#leaving().isEmpty()) return;
    this.#enter("gone");
    this.#gone.resolve();
  }

  #dissolve(): void {
    if (this.#stage !== "draining") return;
    this.#enter("dissolving");
    this.#log.info("dissolve all");
    this.#leaving().dissolve();
    this.settle();
  }

  #enter(stage: Stage): void {
    this.#stage = stage;
    this.#deadline?.cancel();
    this.#deadline = undefined;
    this.#deadlineAtMs = undefined;
  }
}
