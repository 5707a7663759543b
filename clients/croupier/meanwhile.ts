/** Looks at long work every now and then until it is done. */
import { setTimeout as sleep } from "node:timers/promises";

export const lookEveryMs = 500;

/** What `work` gives; `look` is called again and again until it has. */
export async function meanwhile<Result>(work: Promise<Result>, look: () => Promise<void>): Promise<Result> {
  let isOver = false;
  const over = work.then(
    () => {},
    () => {},
  );
  void over.then(() => {
    isOver = true;
  });
  while (!isOver) {
    await Promise.race([over, sleep(lookEveryMs, undefined, { ref: false })]);
    if (!isOver) await look();
  }
  return work;
}
