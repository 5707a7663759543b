/**
 * Names the handler that blocks. Every room of a process waits while one handler runs: one
 * that took long is logged when it returns; one that does not return is named by a second
 * thread, which reads what the first wrote down before it called.
 */
import { Worker } from "node:worker_threads";
import type { Clock } from "#runtime/clock.ts";
import type { Log } from "#runtime/log.ts";
import { nanoseconds } from "#runtime/log_fields.ts";
import type { Distribution } from "#runtime/metrics.ts";

/** A turn that takes longer is felt: two ticks of a game at 20 Hz. */
const slowMs = 100;
/** So long without a return, and the second thread speaks. */
const stuckMs = 3000;

const labelBytes = 128;
/** Layout of the shared memory: a count that changes with every call (even: no handler runs), the label's length, the label. */
const labelAt = 8;

export interface Watchdog {
  /** How long handlers ran; undefined: nobody counts. */
  readonly handlers?: Distribution | undefined;
  /** Runs `act`; `label` says whose handler it is. */
  watch(log: Log, label: string, act: () => void): void;
}

/** For tests and simulations, where time does not pass in a handler. */
export const noWatchdog: Watchdog = { watch: (_log, _label, act) => act() };

export class ThreadWatchdog implements Watchdog {
  readonly handlers: Distribution | undefined;
  readonly #clock: Clock;
  readonly #shared = new SharedArrayBuffer(labelAt + labelBytes);
  readonly #count = new Int32Array(this.#shared, 0, 2);
  readonly #label = new Uint8Array(this.#shared, labelAt);
  readonly #encoder = new TextEncoder();
  readonly #worker: Worker;

  /** `service` and `version` are what its own lines say. */
  constructor(clock: Clock, { service, version }: { service: string; version: string }, handlers?: Distribution) {
    const about = { "ecs.version": "8.10.0", "service.name": service, "service.version": version, "event.dataset": service };
    this.#clock = clock;
    this.handlers = handlers;
    this.#worker = new Worker(new URL("./watchdog_thread.ts", import.meta.url), { workerData: { shared: this.#shared, stuckMs, about } });
    this.#worker.unref();
  }

  watch(log: Log, label: string, act: () => void): void {
    const startMs = this.#clock.now();
    this.#count[1] = this.#encoder.encodeInto(label, this.#label).written;
    Atomics.add(this.#count, 0, 1);
    try {
      act();
    } finally {
      Atomics.add(this.#count, 0, 1);
      const tookMs = this.#clock.now() - startMs;
      this.handlers?.addMs(tookMs);
      if (tookMs > slowMs) log.warn("handler slow", { "event.reason": label, "event.duration": nanoseconds(tookMs) });
    }
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
