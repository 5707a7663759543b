/** The client that a new game comes with: what it says when it is not let in, and when it is removed. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ask } from "./support/ask.ts";
import { dataFolder } from "./support/data_folder.ts";
import { Server, start } from "./support/process.ts";

async function developTemplate(t: TestContext, env: Record<string, string>): Promise<Server> {
  const settings = { PORT: "0", ADMIN_PORT: "0", DATA_DIR: dataFolder(t), ...env };
  return await Server.ready(start(t, ["clients/croupier.ts", "dev", "dev/template"], settings));
}

function client(t: TestContext, { port }: Server) {
  return start(t, ["dev/template/client.ts", "1", `127.0.0.1:${port}`]);
}

test("[dev] the template's client says why it gets no token", async (t) => {
  const server = await developTemplate(t, { JWT_KEY: Buffer.alloc(32, 4).toString("base64") });
  await client(t, server).until((line) => /^connecting: no token: .*JWT_KEY/.test(line));
});

test("[dev] the template's client ends with 1 and the reason when it is removed, and with 0 when its user has had enough", async (t) => {
  const server = await developTemplate(t, {});
  const removed = client(t, server);
  await removed.until((line) => line === "seated");
  const { sessions } = (await ask(server, "GET", "/sessions")).body as { sessions: { id: string }[] };
  await ask(server, "POST", `/sessions/${sessions[0]?.id}/kick`);
  await removed.until((line) => line.startsWith("gone: removed"));
  assert.deepEqual(await removed.exited, { code: 1, signal: null });

  const content = client(t, server);
  await content.until((line) => line === "seated" || line === "back");
  content.child.stdin?.end();
  assert.deepEqual(await content.exited, { code: 0, signal: null });
  assert.equal(content.lines.at(-1), "gone: closed: bye");
});
