/**
 * What a room has said and not every gate has confirmed (P2, P3): numbers, who is given what and when, and what is let go
 * (P7). The properties at the end write an outbox down before every step and ask for the same answers from then on.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { frame } from "#protocol/frame.ts";
import { outputFlags } from "#protocol/link.ts";
import { emptyOutbox, Outbox, type OutboxValue, type Output, outputBytesMax, outputsMax } from "./outbox.ts";

const [a, b, c] = ["00000000000000aa", "00000000000000bb", "00000000000000cc"] as const;
const toBoth = () => ({ [a]: [1, 2], [b]: [7] });

/** An outbox and the value it keeps. */
function open(value: OutboxValue = emptyOutbox()) {
  return { value, outbox: new Outbox(value) };
}

/** What a restart makes of a value. */
function reborn(value: OutboxValue): OutboxValue {
  return JSON.parse(JSON.stringify(value)) as OutboxValue;
}

/** Says `count` things of `bytes` bytes to `to`, and hands them out. */
function say(outbox: Outbox, count: number, to: Record<string, number[]> = { [a]: [1] }, bytes = 0): void {
  for (let i = 0; i < count; i++) outbox.put(outputFlags.none, { ...to }, frame(200, new Uint8Array(bytes)));
  outbox.bound();
  drain(outbox);
}

function drain(outbox: Outbox): string[] {
  return fresh(outbox).map(({ gate, output }) => `${gate.slice(-1)}${output.number}`);
}

function fresh(outbox: Outbox): { gate: string; output: Output }[] {
  const given: { gate: string; output: Output }[] = [];
  outbox.takeFresh((gate, output) => given.push({ gate, output }));
  return given;
}

function numbers(outputs: Iterable<Output>): number[] {
  return [...outputs].map(({ number }) => number);
}

/** Bytes of a frame that takes `characters` characters of Base64. */
function bytesFor(characters: number): number {
  return (characters / 4) * 3 - 4;
}

test("[P3] outputs are numbered 1, 2, 3 …; each gate is given its own, with its sessions and flags, once", () => {
  const { outbox } = open();
  outbox.put(outputFlags.none, toBoth(), frame(200));
  outbox.put(outputFlags.ends, { [b]: [8] }, frame(201, new Uint8Array([5])));
  assert.equal(outbox.last, 2);
  assert.deepEqual(fresh(outbox), [
    { gate: a, output: { number: 1, flags: 0, sessions: [1, 2], frame: frame(200) } },
    { gate: b, output: { number: 1, flags: 0, sessions: [7], frame: frame(200) } },
    { gate: b, output: { number: 2, flags: outputFlags.ends, sessions: [8], frame: frame(201, new Uint8Array([5])) } },
  ]);
  assert.deepEqual(drain(outbox), []);
  say(outbox, 1);
  assert.equal(outbox.last, 3);
});

test("[P2] what was handed out is given again, byte for byte, to a gate that names the last it has", () => {
  const { outbox } = open();
  outbox.put(outputFlags.none, toBoth(), frame(200, new Uint8Array([0, 255, 128])));
  outbox.put(outputFlags.none, { [b]: [7] }, frame(201));
  outbox.put(outputFlags.strike, { [a]: [2] }, frame(202));
  drain(outbox);
  const [first, third] = outbox.since(a, 0);
  assert.deepEqual(
    { ...first, frame: new Uint8Array(first?.frame ?? []) },
    { number: 1, flags: 0, sessions: [1, 2], frame: frame(200, new Uint8Array([0, 255, 128])) },
  );
  assert.deepEqual([third?.number, third?.flags, third?.sessions], [3, outputFlags.strike, [2]]);
  assert.deepEqual(numbers(outbox.since(a, 1)), [3]);
  assert.deepEqual(numbers(outbox.since(b, 0)), [1, 2]);
  assert.deepEqual(numbers(outbox.since(a, 3)), []);
  assert.deepEqual(numbers(outbox.since(c, 0)), []);
});

test("[P3] what will be handed out at the end of this turn is not given as missed too", () => {
  const { outbox } = open();
  say(outbox, 2);
  outbox.put(outputFlags.none, { [a]: [1] }, frame(200));
  assert.deepEqual(numbers(outbox.since(a, 0)), [1, 2]);
  assert.deepEqual(drain(outbox), ["a3"]);
  assert.deepEqual(numbers(outbox.since(a, 0)), [1, 2, 3]);
});

test("[P2] an output is kept until every gate it is for has confirmed it", () => {
  const { value, outbox } = open();
  say(outbox, 3, toBoth());
  outbox.confirm(a, 2);
  assert.deepEqual([numbers(outbox.since(a, 0)), numbers(outbox.since(b, 0))], [[3], [1, 2, 3]]);
  assert.equal(value.kept.length, 3);
  outbox.confirm(b, 1);
  assert.deepEqual(
    value.kept.map(({ number }) => number),
    [2, 3],
  );
  outbox.confirm(b, 3);
  assert.ok(!outbox.isEmpty);
  outbox.confirm(a, 3);
  assert.ok(outbox.isEmpty);
  assert.equal(outbox.last, 3, "numbers go on");
});

test("[P3] a confirmation that is repeated, late, early or a stranger's changes nothing else", () => {
  const { value, outbox } = open();
  say(outbox, 3, toBoth());
  outbox.confirm(a, 2);
  const before = reborn(value);
  outbox.confirm(a, 2);
  outbox.confirm(a, 1);
  outbox.confirm(b, 0);
  outbox.confirm(c, 3);
  assert.deepEqual(value, before);
});

test("[P2] a quick gate behind a slow one: what is in the middle stays until the slow one has it, and in order", () => {
  const { outbox } = open();
  say(outbox, 1, { [a]: [1] });
  say(outbox, 1, { [b]: [7] });
  say(outbox, 1, { [a]: [1] });
  outbox.confirm(b, 2);
  assert.deepEqual(numbers(outbox.since(a, 0)), [1, 3]);
  assert.deepEqual(outbox.gates, new Set([a]));
  outbox.confirm(a, 3);
  assert.ok(outbox.isEmpty);
});

test(`[P7] ${outputsMax} outputs are kept; the next lets the oldest go, and a gate that needed it is marked`, () => {
  const { value, outbox } = open();
  say(outbox, outputsMax, toBoth());
  assert.deepEqual([outbox.hasDropped(a, 0), value.kept.length], [false, outputsMax]);
  outbox.confirm(a, 1);
  say(outbox, 1, toBoth());
  assert.equal(value.kept.length, outputsMax);
  assert.ok(!outbox.hasDropped(a, 1), "it had confirmed what went");
  assert.ok(outbox.hasDropped(b, 0));
  assert.ok(!outbox.hasDropped(b, 1), "it may have it and not have said so");
  assert.deepEqual(value.dropped, { [b]: 1 });
  say(outbox, 2, toBoth());
  assert.deepEqual(value.dropped, { [a]: 3, [b]: 3 });
  assert.deepEqual([outbox.hasDropped(a, 2), outbox.hasDropped(a, 3)], [true, false]);
});

test(`[P7] ${outputBytesMax} bytes are kept; one more lets the oldest go, as many as it takes`, () => {
  const { value, outbox } = open();
  say(outbox, 16, { [a]: [1] }, bytesFor(outputBytesMax / 16));
  assert.deepEqual([value.kept.length, value.dropped], [16, {}]);
  say(outbox, 1, { [b]: [7] }, 0);
  assert.deepEqual([value.kept.length, value.dropped], [16, { [a]: 1 }]);
  say(outbox, 1, { [b]: [7] }, bytesFor(outputBytesMax / 4));
  assert.deepEqual(value.dropped, { [a]: 5 });
  assert.equal(
    value.kept.reduce((bytes, { frame: text }) => bytes + text.length, 0),
    outputBytesMax - outputBytesMax / 16 + 8,
  );
});

test("[P7] bytes that were confirmed, taken back or forgotten make room again", () => {
  const { value, outbox } = open();
  const [to, half] = [{ [a]: [1] }, bytesFor(outputBytesMax / 2)];
  say(outbox, 2, to, half);
  outbox.confirm(a, 1);
  say(outbox, 1, to, half);
  outbox.cutTo(2);
  say(outbox, 1, to, half);
  outbox.forget(a);
  say(outbox, 2, to, half);
  assert.deepEqual([value.kept.length, value.dropped], [2, {}]);
});

test("[P7] an output larger than everything that may be kept is handed out once and not kept", () => {
  const { value, outbox } = open();
  say(outbox, 1);
  outbox.put(outputFlags.none, toBoth(), frame(200, new Uint8Array(outputBytesMax)));
  outbox.bound();
  assert.deepEqual(drain(outbox), ["a2", "b2"]);
  assert.deepEqual([value.kept, value.dropped], [[], { [a]: 2, [b]: 2 }]);
  assert.deepEqual(outbox.gates, new Set([a, b]), "it matters to them that it is gone");
});

test("[P2] a gate that confirms what was let go has missed nothing", () => {
  const { value, outbox } = open();
  say(outbox, outputsMax + 10);
  assert.ok(outbox.hasDropped(a, 0));
  outbox.confirm(a, 9);
  assert.deepEqual(value.dropped, { [a]: 10 });
  outbox.confirm(a, 10);
  assert.deepEqual(value.dropped, {});
  assert.equal(numbers(outbox.since(a, 10)).length, outputsMax);
});

test("[P10] what is taken back was never said: the numbers are used again, and nobody is given it", () => {
  const { value, outbox } = open();
  say(outbox, 2);
  outbox.put(outputFlags.none, toBoth(), frame(201));
  outbox.put(outputFlags.ends, { [b]: [7] }, frame(202));
  const cut = outbox.cutTo(2);
  assert.deepEqual(
    cut.map(({ number, flags, to }) => ({ number, flags, to })),
    [
      { number: 3, flags: 0, to: toBoth() },
      { number: 4, flags: outputFlags.ends, to: { [b]: [7] } },
    ],
  );
  assert.deepEqual([drain(outbox), outbox.last, value.kept.length], [[], 2, 2]);
  outbox.put(outputFlags.none, { [b]: [7] }, frame(203));
  assert.deepEqual(drain(outbox), ["b3"]);
});

test("[P10] what was said earlier in the turn stays said", () => {
  const { outbox } = open();
  outbox.put(outputFlags.none, { [a]: [1] }, frame(200));
  outbox.put(outputFlags.none, { [a]: [1] }, frame(201));
  assert.deepEqual(
    outbox.cutTo(1).map(({ number }) => number),
    [2],
  );
  assert.deepEqual(outbox.cutTo(1), []);
  assert.deepEqual([outbox.last, drain(outbox)], [1, ["a1"]]);
});

const spoken = outputsMax + 1;
test("[P10][P7] what is taken back is given whole, and has cost nobody anything", () => {
  const { value, outbox } = open();
  outbox.put(outputFlags.ends, { [b]: [7] }, frame(201));
  for (let i = 0; i < spoken; i++) outbox.put(outputFlags.none, { [a]: [1] }, frame(200));
  assert.equal(outbox.cutTo(0)[0]?.flags, outputFlags.ends, "whom the handler had sent out must still hear of it");
  assert.deepEqual(value.dropped, {});
});

test("[P2] a gate may have been told more than the journal knows: after a restart numbers are above any it has heard", () => {
  const { outbox } = open();
  say(outbox, 3);
  outbox.leap(1);
  assert.deepEqual([outbox.last, numbers(outbox.since(a, 0))], [65_539, [1, 2, 3]]);
  outbox.put(outputFlags.none, { [a]: [1] }, frame(200));
  assert.deepEqual(drain(outbox), ["a65540"]);
});

test("[P7] nothing is kept for a gate that is given up, not even that it missed something", () => {
  const { value, outbox } = open();
  say(outbox, outputsMax + 1, toBoth());
  outbox.forget(a);
  assert.deepEqual([outbox.gates, value.dropped], [new Set([b]), { [b]: 1 }]);
  assert.equal(numbers(outbox.since(b, 0)).length, outputsMax);
  outbox.forget(b);
  assert.deepEqual(value, { last: outputsMax + 1, kept: [], dropped: {} });
});

test("[P7] a gate that came too late: nothing is kept for it, and whatever it asks for of before is missing", () => {
  const { value, outbox } = open();
  say(outbox, 3, toBoth());
  outbox.letGo(a, new Set());
  assert.deepEqual([numbers(outbox.since(a, 0)), numbers(outbox.since(b, 0))], [[], [1, 2, 3]]);
  assert.deepEqual([outbox.hasDropped(a, 2), outbox.hasDropped(a, 3), outbox.hasDropped(b, 0)], [true, false, false]);
  say(outbox, 1, toBoth());
  assert.deepEqual([outbox.hasDropped(a, 3), numbers(outbox.since(a, 3))], [false, [4]], "what follows is kept again");
  outbox.confirm(a, 4);
  assert.deepEqual([value.dropped, value.kept.length], [{}, 4]);
});

// Any road through an outbox.

type Step =
  | { readonly do: "put"; readonly to: Record<string, number[]>; readonly bytes: number; readonly times: number }
  | { readonly do: "confirm"; readonly gate: string; readonly back: number }
  | { readonly do: "forget"; readonly gate: string }
  | { readonly do: "letGo"; readonly gate: string }
  | { readonly do: "crash"; readonly bytes: number; readonly times: number };

const gate = fc.constantFrom<string>(a, b, c);
const said = { bytes: fc.constantFrom(0, 0, 0, 100, 3000, outputBytesMax), times: fc.integer({ min: 1, max: 30 }) };
const to = fc.subarray<string>([a, b, c], { minLength: 1 }).map((gates) => Object.fromEntries(gates.map((name) => [name, [1]])));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("put" as const), to, ...said }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("confirm" as const), gate, back: fc.integer({ min: 0, max: 70 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), gate }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("letGo" as const), gate }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), ...said, times: fc.integer({ min: 1, max: 3 }) }) },
);

function take(outbox: Outbox, next: Step): void {
  const before = outbox.last;
  if (next.do === "put") say(outbox, next.times, next.to, next.bytes);
  else if (next.do === "confirm") outbox.confirm(next.gate, Math.max(0, outbox.last - next.back));
  else if (next.do === "forget") outbox.forget(next.gate);
  else if (next.do === "letGo") outbox.letGo(next.gate, new Set());
  else {
    for (let i = 0; i < next.times; i++) outbox.put(outputFlags.none, { [a]: [1] }, frame(200, new Uint8Array(next.bytes)));
    outbox.cutTo(before);
  }
}

test("[P2] written down and read again before every step, an outbox gives the same and lets go of the same", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const one = open();
      let twin = open();
      for (const next of steps) {
        twin = open(reborn(twin.value));
        take(one.outbox, next);
        take(twin.outbox, next);
        assert.deepEqual(twin.value, one.value);
        for (const name of [a, b, c]) assert.deepEqual(numbers(twin.outbox.since(name, 0)), numbers(one.outbox.since(name, 0)));
      }
    }),
    { numRuns: 300 },
  );
});

/** What each gate has been handed and has not confirmed, worked out apart. */
class Ledger {
  readonly owed: Record<string, number[]> = { [a]: [], [b]: [], [c]: [] };

  take(next: Step, before: number): void {
    if (next.do === "put") {
      const said = Array.from({ length: next.times }, (_, at) => before + 1 + at);
      for (const name in next.to) this.owed[name]?.push(...said);
    } else if (next.do === "forget") this.owed[next.gate] = [];
    else if (next.do === "confirm") this.owed[next.gate] = (this.owed[next.gate] ?? []).filter((number) => number > before - next.back);
  }
}

function checkOwed(outbox: Outbox, { owed }: Ledger): void {
  for (const [name, missing] of Object.entries(owed)) {
    const needed = (missing[0] ?? outbox.last + 1) - 1;
    if (!outbox.hasDropped(name, needed)) assert.deepEqual(numbers(outbox.since(name, needed)), missing);
  }
}

function checkSize({ kept }: OutboxValue): void {
  const bytes = kept.reduce((sum, { frame: text }) => sum + text.length, 0);
  assert.ok(kept.length <= outputsMax && bytes <= outputBytesMax, `${kept.length} outputs, ${bytes} bytes`);
}

test("[P2][P7] whatever a gate has not confirmed is given again, or it is told that it cannot be; and never too much is kept", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const { value, outbox } = open();
      const ledger = new Ledger();
      for (const next of steps) {
        ledger.take(next, outbox.last);
        take(outbox, next);
        checkOwed(outbox, ledger);
        checkSize(value);
      }
    }),
    { numRuns: 300 },
  );
});
