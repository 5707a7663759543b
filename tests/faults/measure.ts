/** What fault tests measure with: full or short form, waits, quantiles, and a process's metrics. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "#tests/support/process.ts";

/** `npm run test:full`: full counts, and limits as they are stated. */
export const isFull = process.env["FULL"] === "1";

/** Machines that run short forms are shared: everything may take four times as long. */
export const patience = isFull ? 1 : 4;

export const kilobyte = 1024;
export const megabyte = 1024 * kilobyte;

export { sleep };

/** Waits until `isSo`; fails after `withinMs` with what was waited for. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 10_000 * patience): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `waited ${withinMs} ms for ${what}`);
    await sleep(5);
  }
}

/** The value below which the share `q` of `values` lies. */
export function quantile(values: Iterable<number>, q: number): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function median(values: Iterable<number>): number {
  return quantile(values, 0.5);
}

/** How long something took, for a person. */
export function spreadOf(durationsMs: readonly number[]): string {
  const [p50, p99, most] = [0.5, 0.99, 1].map((q) => quantile(durationsMs, q).toFixed(0));
  return `p50 ${p50}, p99 ${p99}, max ${most} ms`;
}

/** A scrape: the sum of a metric's lines, by name and, if given, one of its labels. */
export class Scrape {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  static async of(server: Server): Promise<Scrape> {
    return new Scrape((await server.admin("/metrics")).body);
  }

  value(name: string, label = ""): number {
    const lines = this.#text.split("\n").filter((line) => line.startsWith(`${name}{`) && line.includes(label));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  get residentBytes(): number {
    return this.value("process_resident_memory_bytes");
  }
}

/** What a server is started with whose memory is watched. */
export const collectedOften = { NODE_OPTIONS: `--expose-gc --import=${import.meta.resolve("./collector.ts")}` };

/** Watches a process's memory: the most that is seen under load as usual, and then the most in trouble. */
export class MemoryWatch {
  readonly #server: Server;
  readonly #most = { usual: 0, trouble: 0 };
  #stage: "usual" | "trouble" | "over" = "usual";
  readonly #done: Promise<void>;

  /** Begins to watch, under load as usual. */
  constructor(server: Server) {
    this.#server = server;
    this.#done = this.#watch();
  }

  get usualBytes(): number {
    return this.#most.usual;
  }

  troubleBegins(): void {
    this.#stage = "trouble";
  }

  /** How much more was seen in trouble than as usual; ends the watch. */
  async growthBytes(): Promise<number> {
    this.#stage = "over";
    await this.#done;
    return this.#most.trouble - this.#most.usual;
  }

  async #watch(): Promise<void> {
    while (this.#stage !== "over") {
      const stage = this.#stage;
      const { residentBytes } = await Scrape.of(this.#server);
      this.#most[stage] = Math.max(this.#most[stage], residentBytes);
      await sleep(100);
    }
  }
}
