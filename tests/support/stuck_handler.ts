/** A process with a handler that is stuck for so long that the watchdog says so, and that then goes on. It begins when it is told to. */
import { ThreadWatchdog } from "#game_server/watchdog.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLog } from "#runtime/log.ts";

const stuckMs = 7500;
const watchdog = new ThreadWatchdog(systemClock, { service: "game_server", version: "1" });

process.stdin.once("data", () => {
  const waits = new Int32Array(new SharedArrayBuffer(4));
  watchdog.watch(silentLog, "dice/1 message", () => Atomics.wait(waits, 0, 0, stuckMs));
  setTimeout(() => {
    process.stdout.write("plays on\n");
    process.exit(0);
  }, 500);
});
process.stdout.write("ready\n");
