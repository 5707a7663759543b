/** A room's random numbers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { draw } from "./random.ts";

test("[P2] draws are the same after a restore", () => {
  const value = { key: "5eed", drawn: 0 };
  draw(value, 1, 6);
  const restored = JSON.parse(JSON.stringify(value)) as typeof value;
  const rolls = (of: typeof value) => Array.from({ length: 20 }, () => draw(of, 1, 6));
  assert.deepEqual(rolls(restored), rolls(value));
});

test("draws are fair: chi-squared of 60 000 rolls is below the 0.1 % point of 5 degrees of freedom", () => {
  const value = { key: "0123456789abcdef", drawn: 0 };
  const counts = new Map<number, number>();
  for (let i = 0; i < 60_000; i++) {
    const face = draw(value, 1, 6);
    counts.set(face, (counts.get(face) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].toSorted(), [1, 2, 3, 4, 5, 6]);
  const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  assert.ok(chiSquared < 20.5, `chi² = ${chiSquared}`);
});

test("rooms with other keys draw other numbers", () => {
  const rolls = (key: string) => {
    const value = { key, drawn: 0 };
    return Array.from({ length: 20 }, () => draw(value, 1, 6)).join("");
  };
  assert.notEqual(rolls("a"), rolls("b"));
});
