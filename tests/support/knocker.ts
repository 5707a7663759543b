/**
 * Somebody on another host: opens so many connections to a server, one after another, keeps them, and says what became of
 * each, as one line of JSON: the HTTP status, or "cut".
 *
 *     node tests/support/knocker.ts HOST PORT TIMES [FROM [REQUEST]]
 *
 * FROM: the address it comes from; "" = any. REQUEST: what it sends, as JSON; left out: nothing, and who is not cut within a
 * moment is "open".
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const [host = "", port = "", times = "", from = "", asked] = process.argv.slice(2);
const bytes = asked === undefined ? undefined : (JSON.parse(asked) as string);
const momentMs = 200;

const answers: Promise<string | number>[] = [];
const sockets: Socket[] = [];
for (let at = 0; at < Number(times); at++) {
  const socket = connect({ host, port: Number(port), ...(from === "" ? {} : { localAddress: from }) });
  sockets.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  const answer = answerOf(socket);
  answers.push(answer);
  if (bytes !== undefined) await answer;
}
process.stdout.write(`${JSON.stringify(await Promise.all(answers))}\n`);
await once(process.stdin.resume(), "end");
for (const socket of sockets) socket.destroy();

/** A reset is a cut, too. */
function answerOf(socket: Socket): Promise<string | number> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve("cut"));
    if (bytes === undefined) setTimeout(resolve, momentMs, "open");
    else socket.once("data", (data) => resolve(Number(String(data).split(" ")[1]))).write(bytes);
  });
}
