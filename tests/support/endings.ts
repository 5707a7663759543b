/** How what a test has started comes to its end, whatever happened. */
import type { TestContext } from "node:test";

/** What becomes of a process or a browser when its test is over, and what is asked of what it has said. */
export interface Ending {
  readonly end: () => Promise<void>;
  readonly judge: () => void;
}

const endings = new WeakMap<TestContext, Ending[]>();

/** All that a test has started ends before any of it is judged: after a hook that throws no other is run. */
export function endWith(t: TestContext, ending: Ending): void {
  const known = endings.get(t);
  if (known !== undefined) {
    known.push(ending);
    return;
  }
  const all = [ending];
  endings.set(t, all);
  t.after(async () => {
    for (const { end } of all) await end();
    for (const { judge } of all) judge();
  });
}
