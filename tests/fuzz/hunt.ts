/**
 * Looks for inputs that break a rule: some from scratch, most of them mutations of the corpus and of what reached new code
 * on the way. fast-check draws them and shrinks what it finds.
 */
import { setImmediate as immediate } from "node:timers/promises";
import fc from "fast-check";
import { Coverage } from "./coverage.ts";
import type { Fuzzer, Pieces } from "./fuzzer.ts";
import { Judge } from "./judge.ts";
import { mutated } from "./mutation.ts";
import { Patience } from "./patience.ts";

/** Asking V8 takes as long as many inputs do: it is asked about so many at once. */
const batchInputs = 64;
const roundInputs = 512;
const shrinkMs = 20_000;

export interface Hunted {
  readonly executions: number;
  /** Inputs that reached code that no other had, in the order in which they came. */
  readonly found: readonly Pieces[];
  /** How often that was so, the corpus included. */
  readonly places: number;
  readonly broken: Broken | undefined;
}

interface Broken {
  readonly pieces: Pieces;
  readonly thrown: unknown;
}

/** Hunts for so long, or until a rule is broken. */
export async function hunt(
  fuzzer: Fuzzer,
  corpus: readonly Pieces[],
  { seconds, seed }: { seconds: number; seed: number },
): Promise<Hunted> {
  using hunter = new Hunter(fuzzer);
  await hunter.learn(corpus);
  const inputs = fc.oneof({ weight: 1, arbitrary: fuzzer.fresh }, { weight: 4, arbitrary: mutated(hunter.seeds, fuzzer.words) });
  const property = fc.asyncProperty(inputs, (pieces) => hunter.try(pieces));
  hunter.untilMs = performance.now() + 1000 * seconds;
  for (let round = 0; hunter.broken === undefined && performance.now() < hunter.untilMs; round++) {
    await fc.check(property, { seed: seed + round, numRuns: roundInputs, interruptAfterTimeLimit: 1000 * seconds + shrinkMs });
  }
  return { executions: hunter.executions, found: hunter.seeds.slice(corpus.length), places: hunter.places, broken: hunter.broken };
}

class Hunter implements Disposable {
  /** What mutations begin with. */
  readonly seeds: Pieces[] = [];
  executions = 0;
  untilMs = 0;
  /** The last one that broke a rule: while fast-check shrinks it, they become smaller. */
  broken: Broken | undefined;
  readonly #judge: Judge;
  readonly #patience: Patience;
  readonly #coverage = new Coverage(isOurs);
  #batch: Pieces[] = [];

  constructor(fuzzer: Fuzzer) {
    this.#judge = new Judge(fuzzer);
    this.#patience = new Patience(fuzzer.name);
  }

  get places(): number {
    return this.#coverage.places;
  }

  /** The corpus: all of it is kept. */
  async learn(corpus: readonly Pieces[]): Promise<void> {
    for (const pieces of corpus) await this.#take(pieces);
    this.#coverage.add(this.#coverage.take());
    this.seeds.push(...corpus);
  }

  async try(pieces: Pieces): Promise<void> {
    if (performance.now() > this.untilMs) return;
    this.executions += 1;
    try {
      await this.#take(pieces);
    } catch (thrown) {
      if (this.broken === undefined) this.untilMs = performance.now() + shrinkMs;
      this.broken = { pieces, thrown };
      throw thrown;
    }
    if (this.broken === undefined && this.#batch.push(pieces) === batchInputs) await this.#learnFromBatch();
  }

  [Symbol.dispose](): void {
    this.#judge[Symbol.dispose]();
    this.#coverage[Symbol.dispose]();
    this.#patience[Symbol.dispose]();
  }

  /** Where any of them has reached new code, each is taken again, to see which. */
  async #learnFromBatch(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    const ran = this.#coverage.take();
    if (this.#coverage.hasNew(ran)) {
      for (const pieces of batch) {
        await this.#take(pieces);
        if (this.#coverage.add(this.#coverage.take())) this.seeds.push(pieces);
      }
      this.#coverage.add(ran);
    }
    await immediate(); // or nothing else of this process would run
  }

  async #take(pieces: Pieces): Promise<void> {
    this.#patience.begin(pieces);
    await this.#judge.take(pieces);
    this.#patience.end();
  }
}

function isOurs(url: string): boolean {
  return url.startsWith("file:") && !/\/(node_modules|tests)\//.test(url);
}
