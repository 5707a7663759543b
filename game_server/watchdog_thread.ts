/** The watchdog's second thread: looks whether the same handler is still running, and says so once. */
import { writeSync } from "node:fs";
import { hostname } from "node:os";
import { workerData } from "node:worker_threads";

const { shared, stuckMs, about } = workerData as { shared: SharedArrayBuffer; stuckMs: number; about: Record<string, string> };
const count = new Int32Array(shared, 0, 2);
const label = new Uint8Array(shared, 8);
const standardError = 2;

let seen = 0;
let named = 0;

setInterval(() => {
  const now = Atomics.load(count, 0);
  const isRunning = now % 2 !== 0;
  if (isRunning && now === seen && now !== named) {
    named = now;
    const text = new TextDecoder().decode(label.slice(0, count[1]));
    // The first thread cannot write its log now; standard error reaches the same collector.
    const when = { "@timestamp": new Date().toISOString(), "process.pid": process.pid, "host.hostname": hostname() };
    const what = { "log.level": "error", "event.action": "handler stuck", "event.reason": text, message: `handler stuck: ${text}` };
    try {
      writeSync(standardError, `${JSON.stringify({ ...when, ...about, ...what })}\n`);
    } catch {} // nobody reads it, or not now: the rooms matter more
  }
  seen = now;
}, stuckMs);
