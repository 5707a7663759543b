/** The second thread of patience.ts. */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { keepInput } from "./corpus.ts";
import { headBytes } from "./patience.ts";

const { shared, stuckMs, name } = workerData as { shared: SharedArrayBuffer; stuckMs: number; name: string };
const head = new Int32Array(shared, 0, 2);
const view = new DataView(shared);
const standardError = 2;

let seen = 0;

setInterval(() => {
  const now = Atomics.load(head, 0);
  if (now % 2 !== 0 && now === seen) {
    writeSync(standardError, `fuzz ${name}: an input is never done with, kept as ${keepInput(name, pieces())}\n`);
    process.kill(process.pid, "SIGKILL");
  }
  seen = now;
}, stuckMs);

function pieces(): Uint8Array[] {
  let at = headBytes;
  return Array.from({ length: head[1] ?? 0 }, () => {
    const length = view.getUint32(at);
    const piece = new Uint8Array(shared.slice(at + 4, at + 4 + length));
    at += 4 + length;
    return piece;
  });
}
