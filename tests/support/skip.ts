/**
 * Tests that need what not every machine gives: rights to mount, a library, a tool. With
 * NO_SKIPS=1, as in CI, what cannot be tried fails: a test that nobody runs proves nothing.
 */
import { spawnSync } from "node:child_process";
import type { TestContext } from "node:test";

/** Skips the test, or fails it. */
export function skip(t: Pick<TestContext, "skip">, why: string): void {
  if (process.env["NO_SKIPS"] === "1") throw new Error(`not to be skipped here: ${why}`);
  t.skip(why);
}

/** Whether this machine has a command; where not, the test is skipped. */
export function has(t: Pick<TestContext, "skip">, command: string): boolean {
  const { error } = spawnSync(command, ["--version"]);
  if (error !== undefined) skip(t, `no ${command} here`);
  return error === undefined;
}
