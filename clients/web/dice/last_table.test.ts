/** For how long a browser believes what it knows of a player's table. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { forgetLastTable, keepLastTable, lastTable } from "./last_table.ts";

/** What a browser keeps, as far as it is asked for. */
class Kept extends Map<string, string> {
  getItem(name: string): string | null {
    return this.get(name) ?? null;
  }
  setItem(name: string, text: string): void {
    this.set(name, text);
  }
  removeItem(name: string): void {
    this.delete(name);
  }
}

test("[web] the table of a moment ago is known for two minutes, of each player his own, until he leaves", (t) => {
  const kept = new Kept();
  Object.defineProperty(globalThis, "localStorage", { value: kept, configurable: true });
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  keepLastTable(1n, "5");
  keepLastTable(2n, "9223372036854775807");
  t.mock.timers.setTime(1_120_000);
  assert.deepEqual([lastTable(1n), lastTable(2n), lastTable(3n)], ["5", "9223372036854775807", undefined]);
  t.mock.timers.setTime(1_120_001);
  assert.equal(lastTable(1n), undefined, "too old");
  t.mock.timers.setTime(999_999);
  assert.equal(lastTable(1n), undefined, "by a clock that was set back");
  t.mock.timers.setTime(1_000_001);
  forgetLastTable(1n);
  assert.deepEqual([lastTable(1n), lastTable(2n)], [undefined, "9223372036854775807"]);
});

test("[web] an entry without its time, or with what is no table, is not believed", () => {
  for (const text of ["5", "", `x ${Date.now()}`, "5 never"]) {
    const value = new Kept([["croupier table of 1", text]]);
    Object.defineProperty(globalThis, "localStorage", { value, configurable: true });
    assert.equal(lastTable(1n), undefined, text);
  }
});
