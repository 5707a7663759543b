/**
 * What Kubernetes runs in the container of a process that shall leave (preStop), before it sends
 * SIGTERM: begins the drain at the process' own admin listener, and waits for its end, which ends
 * this, too. So SIGTERM is the second signal, and it only comes when the drain has taken too long.
 *
 *     node runtime/pre_stop.ts      with the environment of the process
 *
 * A process that is not serving yet has nothing to leave. Exit code 1, with a sentence, where the
 * drain could not be begun: then SIGTERM is the first signal.
 */
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { everyAddress } from "./every_address.ts";
import { readSettings, SettingError, type Settings, secretFilesIn } from "./settings.ts";

/** Above DRAIN_DEADLINE, below the grace period of 150 s. */
const patienceMs = 120_000;
const lookEveryMs = 250;
const answerTimeoutMs = 5000;
const exitTrouble = 1;
const notServingYet = 503;
const wrongToken = 401;
/** A token in a file that was changed just now is one to us and another to the process, which looks every few seconds. */
const rotationMs = 10_000;

/** The status of the answer; "gone": nobody listens any more; "silent": no answer. */
type Answer = number | "gone" | "silent";

/** Asked again it changes nothing (P6), unless somebody has taken the drain back: the container ends all the same. */
function askForDrain({ adminHost, adminPort, adminToken }: Settings): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const asking = request({
    ...{ method: "POST", path: "/drain", port: adminPort, timeout: answerTimeoutMs },
    host: everyAddress.has(adminHost) ? "127.0.0.1" : adminHost,
    headers: adminToken === undefined ? {} : { Authorization: `Bearer ${adminToken}` },
  });
  asking.once("response", (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  asking.once("timeout", () => asking.destroy(new Error("no answer")));
  asking.once("error", (thrown: NodeJS.ErrnoException) => resolve(thrown.code === "ECONNREFUSED" ? "gone" : "silent"));
  asking.end();
  return promise;
}

async function leave(): Promise<void> {
  const startMs = Date.now();
  const isInFile = secretFilesIn(process.env).some(({ env }) => env === "ADMIN_TOKEN");
  for (const endMs = startMs + patienceMs; Date.now() < endMs; await sleep(lookEveryMs)) {
    const answer = await askForDrain(readSettings(process.env));
    if (answer === "gone" || answer === notServingYet) return;
    if (answer === wrongToken && isInFile && Date.now() - startMs < rotationMs) continue;
    if (answer !== "silent" && answer !== 200) throw new SettingError(`the admin listener says ${answer}: there is no drain.`);
  }
}

try {
  await leave();
} catch (thrown) {
  if (!(thrown instanceof SettingError)) throw thrown;
  process.stderr.write(`pre_stop: ${thrown.message}\n`);
  process.exitCode = exitTrouble;
}
