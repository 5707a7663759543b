/** The fuzzers' own tools: planted faults are found, made small, kept, and found again. */
import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { keepInput, piecesOf, readCorpus, textOf } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import type { Fuzzer, Pieces } from "./fuzzer.ts";
import { hunt } from "./hunt.ts";
import { Judge } from "./judge.ts";

const piece = fc.uint8Array({ maxLength: 20 });

function fuzzerOf(take: Fuzzer["take"], words: readonly string[] = []): Fuzzer {
  return { name: "planted", fresh: fc.array(piece, { maxLength: 4 }), words, take };
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

const started = [bytes('{"a":{"b":[1,2]}}'), bytes("a good one")];

const faults: Record<string, (pieces: Pieces) => boolean> = {
  "a byte": (pieces) => pieces.some((one) => one.includes(0xc3)),
  "a word": (pieces) => pieces.some((one) => Buffer.from(one).includes("open sesame")),
  "a piece that came twice": (pieces) =>
    pieces.some((one, at) => one.length > 5 && Buffer.compare(one, pieces[at + 1] ?? new Uint8Array(0)) === 0),
  "two pieces the other way round": ([first]) => first !== undefined && Buffer.from(first).includes("good"),
  "a value deep in a document": (pieces) => pieces.some((one) => /"b":\[1,null\]/.test(Buffer.from(one).toString())),
};

for (const [what, isFault] of Object.entries(faults)) {
  test(`[fuzz] a planted fault is found and made small: ${what}`, async () => {
    const fuzzer = fuzzerOf((pieces) => assert.ok(!isFault(pieces), "planted"), ["open sesame"]);
    const { broken, executions } = await hunt(fuzzer, [started], { seconds: 60, seed: 1 });
    assert.ok(broken !== undefined && isFault(broken.pieces), `not in ${executions} executions`);
    assert.match(String(broken.thrown), /planted/);
    assert.ok(broken.pieces.length <= 4);
  });
}

test("[fuzz] what reaches new code is told from what does not", () => {
  using coverage = new Coverage((url) => url === import.meta.url);
  const reaches = (rung: number): boolean => {
    coverage.take();
    ladder(rung);
    const ran = coverage.take();
    return coverage.hasNew(ran) && coverage.add(ran);
  };
  assert.deepEqual([0, 0, 1, 0, 1, 2, 7].map(reaches), [true, false, true, false, false, true, false]);
});

function ladder(rung: number): string {
  if (rung === 1) return "one";
  return rung > 1 ? "more" : "none";
}

test("[fuzz] it costs too much: that breaks a rule", async () => {
  const spend = (ms: number): void => {
    const { user } = process.threadCpuUsage();
    while (process.threadCpuUsage().user - user < 1000 * ms);
  };
  using slow = new Judge({ take: () => spend(30) }, { cpuMs: 20, memoryBytes: 1e9 });
  await assert.rejects(slow.take([]), /it takes \d+ ms/);
  const hoard: Uint8Array[] = [];
  using large = new Judge({ take: () => void hoard.push(new Uint8Array(64e6).fill(1)) }, { cpuMs: 1e9, memoryBytes: 16e6 });
  await assert.rejects(async () => {
    for (let time = 0; time < 3; time++) await large.take([]);
  }, /it takes \d+ MB/);
});

test("[fuzz] what nobody catches breaks a rule, and what is never done with ends the process, and is kept", (t) => {
  const late = "{ take: async () => { void Promise.reject(new Error('planted')); await new Promise(setImmediate); } }";
  const judged = run(
    `const judge = new Judge(${late}); await judge.take([]).catch(({ message, cause }) => console.log(message, cause.message));`,
  );
  assert.equal(judged.stdout, "nobody catches what is thrown planted\n");
  const path = kept(t, [bytes("for ever")]);
  const stuck = run('const patience = new Patience("planted", 100); patience.begin([Buffer.from("for ever")]); await 0; for (;;);');
  assert.deepEqual([stuck.signal, stuck.stderr], ["SIGKILL", `fuzz planted: an input is never done with, kept as ${path}\n`]);
});

function run(script: string): SpawnSyncReturns<string> {
  const imports = 'import { Judge } from "#tests/fuzz/judge.ts"; import { Patience } from "#tests/fuzz/patience.ts";';
  return spawnSync(process.execPath, ["--input-type=module", "-e", `${imports} ${script}`], { encoding: "utf8" });
}

test("[fuzz] an input is kept as it was, by its hash, and read again", (t) => {
  const pieces = [new Uint8Array(Array.from({ length: 256 }, (_, byte) => byte)), new Uint8Array(0), bytes("\n")];
  assert.deepEqual(piecesOf(textOf(pieces)), pieces);
  const path = kept(t, pieces);
  assert.match(path, /\/corpus\/planted\/[0-9a-f]{16}$/);
  assert.equal(path, keepInput("planted", pieces));
  assert.equal(readFileSync(path, "utf8"), textOf(pieces));
  assert.deepEqual(
    readCorpus("planted").map((one) => one.pieces),
    [pieces],
  );
});

function kept(t: TestContext, pieces: Pieces): string {
  const path = keepInput("planted", pieces);
  t.after(() => rmSync(path.replace(/[^/]*$/, ""), { recursive: true }));
  return path;
}

test("[fuzz] what is no number of seconds, and no fuzzer, is refused", () => {
  for (const args of [["--seconds", "0"], ["--seconds", "x"], ["nobody"]]) {
    const { status, stderr } = spawnSync(process.execPath, ["tests/fuzz/main.ts", ...args], { encoding: "utf8" });
    assert.deepEqual([status, /usage: test:fuzz/.test(stderr)], [78, true], String(args));
  }
});
