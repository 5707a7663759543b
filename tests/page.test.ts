/** What a browser gets from a gate before it plays: the page, and in development a token. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Development } from "#gate_server/development.ts";
import { readSettings } from "#runtime/settings.ts";
import { dataFolder } from "./support/data_folder.ts";
import { developmentKey, production } from "./support/entrance.ts";
import { openHouse } from "./support/house.ts";
import { listening } from "./support/listening.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { RawConnection, upgradeHeaders } from "./support/raw.ts";

/** How a developer's browser names the gate. */
const here = { Host: "localhost:60006" };

test("[web][PROTOCOL §1.6] a gate, and single mode, serve the page of PAGE_DIR at /, and 426 at every other path", async (t) => {
  const folder = dataFolder(t);
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>Mine</title>");
  for (const file of ["single.ts", "gate_server/main.ts"]) {
    const run = Server.launch(t, file, { PAGE_DIR: folder, ...(file === "single.ts" ? {} : { GAME_SERVERS: "dice=127.0.0.1:1" }) });
    const { port } = await Server.ready(run);
    const { status, headers, body } = await RawConnection.ask(port, "GET /?token=not-looked-at");
    assert.deepEqual([status, body], [200, "<!doctype html><title>Mine</title>"]);
    assert.match(headers["content-security-policy"] ?? "", /default-src 'none'/);
    assert.equal((await RawConnection.ask(port, "GET /anything")).status, 426);
    assert.equal((await RawConnection.ask(port, "POST /")).status, 405);
    assert.doesNotMatch(run.text, /not-looked-at/);
  }
});

test("[web] whoever connects with a WebSocket at / plays, page or not", async (t) => {
  const { port } = await Server.start(t, "single.ts");
  const player = await Player.seated(port, 1);
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
});

test("[web][start] a PAGE_DIR without a page ends the start with one sentence and 78", async (t) => {
  for (const file of ["single.ts", "gate_server/main.ts"]) {
    const run = Server.launch(t, file, { PAGE_DIR: "/nowhere" });
    assert.equal((await run.exited).code, 78, file);
    assert.match(run.text, /PAGE_DIR must be a folder with an index.html, not "\/nowhere"/);
  }
});

test("[web][start] a game server serves no page, and does not look for one", async (t) => {
  const run = Server.launch(t, "game_server/main.ts", { PAGE_DIR: "/nowhere" });
  await Server.ready(run);
});

test("[dev][PROTOCOL §1.6] GET /dev/token is a fresh token of that user, which pages of others cannot read", async (t) => {
  const { port } = await openHouse(t);
  const { status, headers, body } = await RawConnection.ask(port, "GET /dev/token?user=7", { ...here, Origin: "https://other.example" });
  assert.equal(status, 200);
  assert.equal(headers["access-control-allow-origin"], undefined);
  assert.equal(headers["cache-control"], "no-store");
  assert.equal((await RawConnection.ask(port, `GET /?token=${body}`, upgradeHeaders)).status, 101);
  for (const user of ["", "0", "-1", "x", "1.5", "0x7", "1e3", "07", "9007199254740993"])
    assert.equal((await RawConnection.ask(port, `GET /dev/token?user=${user}`, here)).status, 400, user);
});

test("[dev][faults §4] a page that came by another name gets no token and restores nothing (DNS rebinding)", async (t) => {
  const { port } = await Server.start(t, "single.ts");
  for (const host of ["evil.example:60006", "localhost.evil.example", "127.0.0.1.evil.example"]) {
    const headers = { Host: host, Origin: `http://${host}` };
    assert.equal((await RawConnection.ask(port, "GET /dev/token?user=7", headers)).status, 403, host);
    assert.equal((await RawConnection.ask(port, "POST /dev/restore?game=dice", headers)).status, 403, host);
  }
  for (const host of ["localhost:60006", "127.0.0.1:1", "[::1]:60006", "192.168.1.7:60006"])
    assert.equal((await RawConnection.ask(port, "GET /dev/token?user=7", { Host: host })).status, 200, host);
});

test("[dev][faults §4] with a JWT_KEY of its own, or of others, a gate without ENV gives nobody a token and no tools, through a proxy or not", async (t) => {
  const JWT_KEY = Buffer.alloc(40, 7).toString("base64");
  const byProxy = { Host: "127.0.0.1:60006", "X-Forwarded-For": "203.0.113.7" };
  const ask = async (env: Record<string, string>, headers: Record<string, string> = here, request = "GET /dev/token?user=7") => {
    const { port } = await openHouse(t, { env });
    return RawConnection.ask(port, request, headers);
  };
  const { status, body } = await ask({ JWT_KEY }, byProxy);
  assert.equal(status, 403);
  assert.match(body, /^Tools for development are there with the documented JWT_KEY only; .* make their tokens\.\n$/);
  assert.equal((await ask({ JWT_KEY })).status, 403);
  assert.equal((await ask({ JWT_KEY, TRUSTED_PROXIES: "127.0.0.1" })).status, 403);
  assert.equal((await ask({ JWT_KEY, JWT_KEY_PREVIOUS: Buffer.from(developmentKey).toString("base64") })).status, 403);
  for (const request of ["GET /dev/games", "POST /dev/restore?game=dice"])
    assert.equal((await ask({ JWT_KEY }, byProxy, request)).status, 403, request);
  assert.equal((await ask({}, byProxy)).status, 200, "everybody can make these");

  const byOthers = new Development(readSettings({ JWKS_URL: "http://127.0.0.1:1/keys" }));
  const port = await listening(t, (request, response) => void byOthers.get("/dev/token", new URLSearchParams("user=7"), request, response));
  assert.equal((await RawConnection.ask(port, "GET /", here)).status, 403);
});

test("[dev][faults §4] in production there is no /dev/token", async (t) => {
  const { port } = await openHouse(t, { env: production });
  assert.equal((await RawConnection.ask(port, "GET /dev/token?user=7", here)).status, 426);
});
