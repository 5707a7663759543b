/** The public port, where timing matters: what happens while a token is checked. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { BlockList } from "node:net";
import { type TestContext, test } from "node:test";
import { systemClock } from "#runtime/clock.ts";
import { silentLog } from "#runtime/log.ts";
import { connectionsOf } from "#tests/support/kernel_queues.ts";
import { RawConnection, request, upgradeHeaders } from "#tests/support/raw.ts";
import type { Admission, Identity } from "./admission.ts";
import { DoorCounts } from "./counts.ts";
import { Listener, type ListenerOptions } from "./listener.ts";

/** A door that lets nobody in but by a token that `identify` judges. */
async function open(t: TestContext, options: Partial<ListenerOptions>): Promise<{ listener: Listener; port: number }> {
  const listener = new Listener({
    ...{ host: "127.0.0.1", port: 0, clock: systemClock, log: silentLog, counts: new DoorCounts({ metrics: "on" }), origins: [] },
    ...{ trustedProxies: new BlockList(), connectionsPerAddress: 0, connectionsPerUser: 0, queueBytesMax: 1024 },
    admission: { identify: () => Promise.reject(new Error("nobody asks")) } as unknown as Admission,
    onPlayer: () => assert.fail("let in"),
    ...options,
  });
  const port = await listener.listen();
  t.after(() => listener.close());
  return { listener, port };
}

test("[PROTOCOL §1.1] a door that begins to leave while a token is checked lets nobody in any more", async (t) => {
  const { promise, resolve } = Promise.withResolvers<Identity>();
  const { listener, port } = await open(t, { admission: { identify: () => promise } as unknown as Admission });
  const connection = await RawConnection.open(port);
  connection.write(request("GET //?token=x", { Host: "test", ...upgradeHeaders }));
  await new Promise((done) => setTimeout(done, 50));
  listener.refuseNew();
  resolve({ user: 1, claims: "{}", expiresAtMs: undefined });
  assert.equal((await connection.answer()).status, 503);
});

test("[PROTOCOL §1.1] an upgrade right behind a request that is not answered yet: cut, or the answer would come among the frames", async (t) => {
  const identify = (): Promise<Identity> => Promise.resolve({ user: 1, claims: "{}", expiresAtMs: undefined });
  let letIn = 0;
  const late = (response: ServerResponse): void => void setTimeout(() => response.end("late"), 50);
  const { port } = await open(t, {
    admission: { identify } as unknown as Admission,
    page: (_path, _query, _request, response) => {
      late(response);
      return true;
    },
    onPlayer: (socket) => {
      letIn += 1;
      socket.close("bye");
    },
  });
  const connection = await RawConnection.open(port);
  connection.write(request("GET /page", { Host: "test" }) + request("GET /?token=x", { Host: "test", ...upgradeHeaders }));
  await connection.closed();
  assert.equal(letIn, 0);
  const patient = await RawConnection.open(port);
  patient.write(request("GET /page", { Host: "test" }));
  assert.equal((await patient.answer()).status, 200);
  patient.write(request("GET /?token=x", { Host: "test", ...upgradeHeaders }));
  assert.equal((await patient.answer()).status, 101);
  assert.equal(letIn, 1);
});

test("[P7] answers that nobody reads are not kept: the connection is cut", { timeout: 120_000 }, async (t) => {
  const large = Buffer.alloc(1024 * 1024);
  let answered = 0;
  const { port } = await open(t, {
    page: (_path, _query, _request, response) => {
      answered += 1;
      response.end(large);
      return true;
    },
  });
  const deaf = await RawConnection.open(port);
  deaf.socket.pause();
  for (let asked = 0; asked < 50; asked++) {
    deaf.write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    for (let look = 0; look < 50 && answered <= asked; look++) await new Promise((done) => setTimeout(done, 5));
    if (answered <= asked) break; // it is not read any more
  }
  const startMs = performance.now();
  const localPort = deaf.socket.localPort ?? 0;
  assert.ok(connectionsOf(port).has(localPort));
  while (connectionsOf(port).has(localPort)) {
    assert.ok(performance.now() - startMs < 60_000, "it is still there");
    await new Promise((done) => setTimeout(done, 100));
  }
  deaf.socket.destroy();
});
