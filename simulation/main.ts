/**
 * `npm run simulate -- --seeds 2000`: runs seeds on every core and prints what they broke.
 *
 *     --seeds N      so many seeds (200)
 *     --seed K       from this one on; alone: this one, with everything that was logged
 *     --off SWITCH   with a rule switched off, to see that it is noticed
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { Counts } from "./counts.ts";
import { runWithout } from "./run.ts";
import { isSwitch, switches } from "./switches.ts";
import type { Share } from "./worker.ts";
import type { RunResult } from "./world.ts";

const shownMax = 10;
const barWidth = 30;

interface Request {
  readonly first: number;
  readonly seeds: number;
  readonly off: string | undefined;
  readonly isOne: boolean;
}

function readRequest(args: readonly string[]): Request {
  const options = { seeds: { type: "string" }, seed: { type: "string" }, off: { type: "string" } } as const;
  const { seeds, seed, off } = parseArgs({ args: [...args], options, strict: true }).values;
  for (const [name, value] of Object.entries({ seeds, seed })) {
    if (value !== undefined && !/^[1-9][0-9]{0,8}$/.test(value)) throw new TypeError(`--${name} is a whole number from 1 on`);
  }
  if (off !== undefined && !isSwitch(off)) throw new TypeError(`--off is one of ${Object.keys(switches).join(", ")}`);
  const isOne = seed !== undefined && seeds === undefined;
  return { first: Number(seed ?? 1), seeds: isOne ? 1 : Number(seeds ?? 200), off, isOne };
}

/** One seed, with everything that was logged. */
async function replay({ first, off }: Request): Promise<readonly RunResult[]> {
  return [await runWithout(first, off, { trace: print })];
}

async function runAll({ first, seeds, off }: Request): Promise<readonly RunResult[]> {
  const threads = Math.min(availableParallelism(), seeds);
  const results: RunResult[] = [];
  const onResult = (result: RunResult): void => {
    results.push(result);
    showProgress(results, seeds);
  };
  await Promise.all(
    Array.from({ length: threads }, (_, at) => runShare({ first: first + at, end: first + seeds, step: threads, off }, onResult)),
  );
  return results.sort((a, b) => a.seed - b.seed);
}

function runShare(share: Share, onResult: (result: RunResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: share });
    worker.on("message", onResult);
    worker.once("error", reject);
    worker.once("exit", () => resolve());
  });
}

function showProgress(results: readonly RunResult[], seeds: number): void {
  const isShown = process.stderr.isTTY || results.length % Math.ceil(seeds / 10) === 0;
  if (!isShown) return;
  const done = Math.round((results.length / seeds) * barWidth);
  const failed = results.filter(({ violations }) => violations.length > 0).length;
  const bar = `${"█".repeat(done)}${"░".repeat(barWidth - done)} ${results.length}/${seeds} seeds, ${failed} failed`;
  process.stderr.write(process.stderr.isTTY ? `\r${bar}` : `${bar}\n`);
  if (process.stderr.isTTY && results.length === seeds) process.stderr.write("\n");
}

function report(results: readonly RunResult[], startMs: number): void {
  const failed = results.filter(({ violations }) => violations.length > 0);
  for (const { seed, violations } of failed.slice(0, shownMax)) {
    print(`seed ${seed}: ${violations.length} violations`);
    for (const violation of violations.slice(0, shownMax)) print(`  ${violation}`);
  }
  if (failed.length > shownMax) print(`… and seeds ${failed.slice(shownMax).map(({ seed }) => seed)}`);
  const sums = results.reduce<Partial<Counts>>((sum, { counts }) => added(sum, counts), {});
  for (const [name, sum] of Object.entries(sums)) print(`${name.padEnd(14)} ${sum}`);
  const crashed = results.filter(({ counts }) => counts.killsInMove > 0).length;
  print(`seeds with a crash in a move ${Math.round((100 * crashed) / results.length)} %`);
  const seconds = (performance.now() - startMs) / 1000;
  print(`${results.length} seeds, ${failed.length} with violations, ${seconds.toFixed(1)} s`);
}

function added(a: Partial<Counts>, b: Counts): Partial<Counts> {
  return Object.fromEntries(Object.entries(b).map(([name, count]) => [name, count + (a[name as keyof Counts] ?? 0)]));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  const startMs = performance.now();
  const request = readRequest(process.argv.slice(2));
  const results = await (request.isOne ? replay(request) : runAll(request));
  report(results, startMs);
  process.exitCode = results.some(({ violations }) => violations.length > 0) ? 1 : 0;
} catch (thrown) {
  if (!(thrown instanceof TypeError)) throw thrown;
  process.stderr.write(`${thrown.message}\nusage: simulate [--seeds N] [--seed K] [--off SWITCH]\n`);
  process.exitCode = 78;
}
