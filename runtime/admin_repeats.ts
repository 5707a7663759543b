/**
 * Requests that are asked again because their answer was lost: with the same `Idempotency-Key`
 * the first one's answer is given once more, also while it is still being found, and nothing
 * is done twice. Bounded: the oldest that are answered are forgotten first.
 *
 *     begin ──> new ──> the route runs ──> answered ──(10 min, or 1 000 newer ones)──> forgotten
 *       │                                     ^
 *       ├── repeat: waits for ────────────────┘
 *       └── other: the key is another request's
 */
import { createHash } from "node:crypto";
import type { Clock } from "./clock.ts";

/** How long an answer is kept: longer than anybody who lost one tries again. */
const keptMs = 600_000;
/** Keys that are remembered, and what their answers may take together. */
const keysMax = 1000;
const bytesMax = 1024 * 1024;

export interface KeptAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

interface Entry {
  /** Of what was asked by it: another request by the same key is a mistake. */
  readonly request: string;
  readonly atMs: number;
  readonly answer: PromiseWithResolvers<KeptAnswer>;
  /** Undefined: it is not answered yet. */
  bytes: number | undefined;
}

/** `full`: so many requests are under way that none can be forgotten. */
export type Begun =
  | { readonly is: "new"; finish(answer: KeptAnswer): void }
  | { readonly is: "repeat"; readonly answer: Promise<KeptAnswer> }
  | { readonly is: "other" }
  | { readonly is: "full" };

export class Repeats {
  readonly #clock: Clock;
  /** By key, the oldest first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `request`: whatever must be the same for it to be the same request. */
  begin(key: string, request: readonly unknown[]): Begun {
    this.#forgetOld();
    const digest = createHash("sha256").update(JSON.stringify(request)).digest("base64");
    const known = this.#entries.get(key);
    if (known !== undefined) return known.request === digest ? { is: "repeat", answer: known.answer.promise } : { is: "other" };
    if (this.#entries.size >= keysMax && !this.#forgetOldest()) return { is: "full" };
    const entry = { request: digest, atMs: this.#clock.now(), answer: Promise.withResolvers<KeptAnswer>(), bytes: undefined };
    this.#entries.set(key, entry);
    return { is: "new", finish: (answer) => this.#finish(key, entry, answer) };
  }

  /** "Not now" is no answer to keep: nothing was done. */
  #finish(key: string, entry: Entry, answer: KeptAnswer): void {
    entry.answer.resolve(answer);
    if (answer.status === 503) {
      this.#entries.delete(key);
      return;
    }
    entry.bytes = Buffer.byteLength(answer.body);
    this.#bytes += entry.bytes;
    while (this.#bytes > bytesMax && this.#forgetOldest());
  }

  #forgetOld(): void {
    const untilMs = this.#clock.now() - keptMs;
    for (const [key, { atMs, bytes }] of this.#entries) {
      if (atMs > untilMs) return;
      if (bytes !== undefined) this.#forget(key, bytes);
    }
  }

  /** False: none is answered. */
  #forgetOldest(): boolean {
    for (const [key, { bytes }] of this.#entries) {
      if (bytes === undefined) continue;
      this.#forget(key, bytes);
      return true;
    }
    return false;
  }

  #forget(key: string, bytes: number): void {
    this.#entries.delete(key);
    this.#bytes -= bytes;
  }
}
