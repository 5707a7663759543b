/** A process that logs, in every way there is, a text that was not meant well: HOSTILE, UTF-16 in base64, so many TIMES. */
import type { Log } from "#runtime/log.ts";
import { run } from "#runtime/process.ts";
import { emptyService } from "./empty_service.ts";

const text = Buffer.from(process.env["HOSTILE"] ?? "", "base64")
  .toString("utf16le")
  .repeat(Number(process.env["TIMES"]));

await run("gate", ({ log }) => {
  setImmediate(() => say(log));
  return emptyService;
});

function say(log: Log): void {
  log.info("peer up", { "game.text": text });
  log.info("peer up", { "event.reason": text });
  log.with({ "room.id": text, "game.name": text }).info("peer up", { "client.address": text });
  const err = new Error(text, { cause: text });
  err.name = text;
  log.error("failure", { err });
  log.error("failure", { err: text });
  log.warn("handler slow", { err: { toString: () => text } });
}
