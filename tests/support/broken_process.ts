/** A process that says a lot in one turn, and then breaks an assumption of ours: `broken_process.ts throw|reject`. */
import { run } from "#runtime/process.ts";
import { emptyService } from "./empty_service.ts";

const [how] = process.argv.splice(2);

await run("gate", ({ log }) => {
  setImmediate(() => {
    for (let at = 0; at < 20_000; at++) log.info("peer up", { "event.reason": `line ${at}` });
    if (how === "throw") throw new Error("it is broken");
    void Promise.reject(new Error("it is broken"));
  });
  return emptyService;
});
