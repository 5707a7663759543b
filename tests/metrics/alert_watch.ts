/** Looks at Prometheus' alerts all the time, and says how long each took to fire, and to clear. */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { until } from "#tests/faults/measure.ts";
import type { Alert, Prometheus } from "./prometheus.ts";

const lookEveryMs = 200;
const patienceMs = 60_000;

export interface Outcome {
  readonly alert: string;
  readonly provokedBy: string;
  readonly firedAfterMs: number;
  readonly clearedAfterMs: number;
}

/** What provokes an alert, and what becomes of it. */
export interface Provocation {
  readonly alert: string;
  /** Labels by which it is told from others of its name. */
  readonly of?: Readonly<Record<string, string>>;
  readonly how: string;
}

export class AlertWatch {
  readonly #prometheus: Prometheus;
  #firing: readonly Alert[] = [];
  #stage: "watching" | "over" = "watching";
  readonly outcomes: Outcome[] = [];

  constructor(prometheus: Prometheus) {
    this.#prometheus = prometheus;
    void this.#watch();
  }

  stop(): void {
    this.#stage = "over";
  }

  isFiring({ alert, of = {} }: Provocation): boolean {
    return this.#firing.some(
      ({ labels }) =>
        labels["alertname"] === alert && Object.entries(of).every(([label, value]) => isDeepStrictEqual(labels[label], value)),
    );
  }

  /** Waits until none of them fires; does it, waits until every alert of it fires; heals it, and waits until they have cleared. */
  async see(provocations: readonly Provocation[], act: () => Promise<unknown>, heal: () => Promise<unknown>): Promise<void> {
    await this.#after(provocations, async () => {}, false); // of what was seen before
    const fired = await this.#after(provocations, act, true);
    const cleared = await this.#after(provocations, heal, false);
    provocations.forEach(({ alert, how }, at) => {
      this.outcomes.push({ alert, provokedBy: how, firedAfterMs: fired[at] ?? 0, clearedAfterMs: cleared[at] ?? 0 });
    });
  }

  async #after(provocations: readonly Provocation[], act: () => Promise<unknown>, isFiring: boolean): Promise<number[]> {
    const startMs = performance.now();
    await act();
    const word = isFiring ? "fire" : "clear";
    return Promise.all(
      provocations.map(async (provocation) => {
        const what = `${provocation.alert} ${JSON.stringify(provocation.of ?? {})} to ${word}: ${provocation.how}`;
        await until(what, () => this.#stage === "over" || this.isFiring(provocation) === isFiring, patienceMs);
        if (this.#stage === "over") throw new Error(`nobody waits any more for ${what}`);
        return performance.now() - startMs;
      }),
    );
  }

  async #watch(): Promise<void> {
    while (this.#stage === "watching") {
      try {
        this.#firing = (await this.#prometheus.alerts()).filter(({ state }) => state === "firing");
      } catch {
        // it is asked again
      }
      await sleep(lookEveryMs);
    }
  }
}
