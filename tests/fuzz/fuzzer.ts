/**
 * What a fuzzer is: it makes inputs, takes them, and throws when a rule is broken. In `npm test` its kept corpus is taken again
 * (`corpus/<name>/`, corpus.ts); with FUZZ_SECONDS, as `npm run test:fuzz` sets it, it is also looked for inputs that break a rule
 * (hunt.ts), and what does is kept in the corpus.
 */
import { relative } from "node:path";
import { test } from "node:test";
import type { Arbitrary } from "fast-check";
import { keepInput, readCorpus } from "./corpus.ts";
import { hunt } from "./hunt.ts";
import { Judge } from "./judge.ts";

/** An input: some pieces of bytes. What a piece is, a frame, a token, a document, is its fuzzer's business; it takes any. */
export type Pieces = readonly Uint8Array[];

export interface Fuzzer {
  /** Of its corpus, too. */
  readonly name: string;
  /** Inputs from scratch, good ones more often than not. */
  readonly fresh: Arbitrary<Pieces>;
  /** What mutations put in. */
  readonly words: readonly string[];
  /** Takes one input, whatever happened before. @throws when a rule is broken. */
  take(pieces: Pieces): Promise<void> | void;
}

/** Registers the tests of a fuzzer. */
export function fuzz(fuzzer: Fuzzer): void {
  const { name } = fuzzer;
  test(`[fuzz] ${name}: every input of the kept corpus is taken as it must be`, async (t) => {
    using judge = new Judge(fuzzer);
    const corpus = readCorpus(name);
    if (corpus.length === 0) throw new Error(`there is no corpus for ${name}`);
    for (const { path, pieces } of corpus) {
      try {
        await judge.take(pieces);
      } catch (cause) {
        throw new Error(relative("", path), { cause });
      }
    }
    t.diagnostic(`${corpus.length} inputs`);
  });

  const seconds = Number(process.env["FUZZ_SECONDS"] ?? 0);
  if (seconds === 0) return;
  test(`[fuzz] ${name}: ${seconds} s`, async (t) => {
    const corpus = readCorpus(name).map(({ pieces }) => pieces);
    const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
    const { executions, found, broken, places } = await hunt(fuzzer, corpus, { seconds, seed });
    const kept = process.env["FUZZ_KEEP"] === "1" ? found.map((pieces) => keepInput(name, pieces)).length : 0;
    const inputs = `corpus ${corpus.length}, ${found.length} more that reach new code${kept > 0 ? ", kept" : ""}`;
    t.diagnostic(`${name}: ${executions} executions in ${seconds} s, ${inputs}, ${places} places reached, seed ${seed}`);
    if (broken === undefined) return t.diagnostic(`${name}: found nothing`);
    throw new Error(`kept as ${relative("", keepInput(name, broken.pieces))}`, { cause: broken.thrown });
  });
}
