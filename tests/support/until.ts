/** Waits for what comes by itself and says nothing when it does. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

const patienceMs = 10_000;

/** Asks again every few milliseconds. */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, "waited in vain");
    await sleep(10);
  }
}
