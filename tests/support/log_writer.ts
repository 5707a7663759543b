/** A process that logs so many lines to a reader who may be slow, and says on standard error how it stands. `log_writer.ts LINES BYTES_MAX` */
import { LogOutput } from "#runtime/log_output.ts";

const [lines, bytesMax] = process.argv.slice(2).map(Number) as [number, number];
const output: LogOutput = new LogOutput({ bytesMax, onGap: (dropped) => output.write(`${JSON.stringify({ dropped })}\n`) });

for (let at = 0; at < lines; at++) {
  output.write(`${JSON.stringify({ at, text: "x".repeat(100) })}\n`);
  if (at % 100 === 0) await new Promise(setImmediate);
}
process.stderr.write(`written, ${output.dropped} left out, ${Math.round(process.memoryUsage().rss / 1024 / 1024)} MB\n`);
if (process.stdin.isTTY !== true) process.stdin.once("data", () => process.exit(0));
