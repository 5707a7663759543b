/** The public port, where timing matters: what happens while a token is checked. */
import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import { systemClock } from "#runtime/clock.ts";
import { silentLog } from "#runtime/log.ts";
import { RawConnection, request, upgradeHeaders } from "#tests/support/raw.ts";
import type { Admission, Identity } from "./admission.ts";
import { DoorCounts } from "./counts.ts";
import { Listener } from "./listener.ts";

test("[PROTOCOL §1.1] a door that begins to leave while a token is checked lets nobody in any more", async (t) => {
  const { promise, resolve } = Promise.withResolvers<Identity>();
  const listener = new Listener({
    ...{ host: "127.0.0.1", port: 0, clock: systemClock, log: silentLog, counts: new DoorCounts({ metrics: "on" }), origins: [] },
    ...{ trustedProxies: new BlockList(), connectionsPerAddress: 0, connectionsPerUser: 0, queueBytesMax: 1024 },
    admission: { identify: () => promise } as unknown as Admission,
    onPlayer: () => assert.fail("let in"),
  });
  const port = await listener.listen();
  t.after(() => listener.close());
  const connection = await RawConnection.open(port);
  connection.write(request("GET //?token=x", { Host: "test", ...upgradeHeaders }));
  await new Promise((done) => setTimeout(done, 50));
  listener.refuseNew();
  resolve({ user: 1, claims: "{}", expiresAtMs: undefined });
  assert.equal((await connection.answer()).status, 503);
});
