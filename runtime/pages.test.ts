/** A page as browsers and strangers ask for it, over a real port. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { dataFolder } from "#tests/support/data_folder.ts";
import { listening } from "#tests/support/listening.ts";
import { RawConnection } from "#tests/support/raw.ts";
import { readPages } from "./pages.ts";

const script = `console.log("${"x".repeat(2000)}")`;

/** A folder as Vite leaves it. */
function built(t: TestContext): string {
  const folder = dataFolder(t);
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>Dice</title>");
  writeFileSync(join(folder, "assets", "main-1a2b3c.js"), script);
  return folder;
}

/** A server of that folder; what is no page is answered with 426, as a gate does. */
function serve(t: TestContext, folder: string): Promise<number> {
  const pages = readPages(folder);
  return listening(t, (request, response) => {
    if (!pages(URL.parse(request.url ?? "", "http://here")?.pathname ?? "", request, response)) response.writeHead(426).end();
  });
}

test("[web] the page itself is asked for each time, what it loads is kept for a year", async (t) => {
  const port = await serve(t, built(t));
  const page = await RawConnection.ask(port, "GET /");
  assert.deepEqual([page.status, page.headers["content-type"]], [200, "text/html; charset=utf-8"]);
  assert.equal(page.headers["cache-control"], "no-cache");
  assert.equal(page.body, "<!doctype html><title>Dice</title>");
  const asset = await RawConnection.ask(port, "GET /assets/main-1a2b3c.js");
  assert.equal(asset.headers["cache-control"], "public, max-age=31536000, immutable");
  assert.equal(asset.headers["content-type"], "text/javascript; charset=utf-8");
  assert.equal(asset.body, script);
});

test("[web] nothing runs in the page that did not come with it, and nobody frames it", async (t) => {
  const port = await serve(t, built(t));
  for (const path of ["/", "/assets/main-1a2b3c.js"]) {
    const { headers } = await RawConnection.ask(port, `GET ${path}`);
    const policy = headers["content-security-policy"] ?? "";
    for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"])
      assert.ok(policy.split("; ").includes(rule), rule);
    assert.doesNotMatch(policy, /unsafe|\*|data:/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["cross-origin-opener-policy"], "same-origin");
  }
});

test("[web] who has the page hears 304 without a body; who has another one gets this", async (t) => {
  const port = await serve(t, built(t));
  const { headers } = await RawConnection.ask(port, "GET /");
  const etag = headers["etag"] ?? "";
  const again = await RawConnection.ask(port, "GET /", { "If-None-Match": `"other", ${etag}` });
  assert.deepEqual([again.status, again.body, again.headers["cache-control"]], [304, "", "no-cache"]);
  assert.equal((await RawConnection.ask(port, "GET /", { "If-None-Match": 'W/"other"' })).status, 200);
});

test("[web] HEAD has the headers of GET; who takes gzip gets that, unless he says q=0", async (t) => {
  const port = await serve(t, built(t));
  const path = "/assets/main-1a2b3c.js";
  const head = await fetch(`http://127.0.0.1:${port}${path}`, { method: "HEAD", headers: { "Accept-Encoding": "identity" } });
  assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, String(script.length), ""]);
  const encodingFor = async (accepted: string): Promise<string | undefined> =>
    (await RawConnection.ask(port, `GET ${path}`, { "Accept-Encoding": accepted })).headers["content-encoding"];
  assert.equal(await encodingFor("br, gzip"), "gzip");
  assert.equal(await encodingFor("gzip;q=0.5"), "gzip");
  assert.equal(await encodingFor("gzip;q=0, br"), undefined);
  assert.equal(await encodingFor("br"), undefined);
});

test("[web][faults §4] paths that climb, lead elsewhere or are none: no such page; a range is not looked at", async (t) => {
  const folder = built(t);
  writeFileSync(join(folder, "..", "secret.txt"), "secret");
  t.after(() => rmSync(join(folder, "..", "secret.txt")));
  const port = await serve(t, folder);
  for (const path of [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/assets/../../secret.txt",
    "/assets/",
    "/assets",
    "/%00",
    "/%",
    "//",
    "/index",
  ])
    assert.equal((await RawConnection.ask(port, `GET ${path}`)).status, 426, path);
  for (const range of ["bytes=5-2", "bytes=0-3", "bytes=99999-"])
    assert.equal((await RawConnection.ask(port, "GET /", { Range: range })).status, 200, range);
});

test("[web] a build under a running process changes and breaks nothing", async (t) => {
  const folder = built(t);
  const port = await serve(t, folder);
  rmSync(folder, { recursive: true });
  assert.equal((await RawConnection.ask(port, "GET /assets/main-1a2b3c.js")).body, script);
});

test("[web] a page that is not built says so at its place, and nowhere else", async (t) => {
  await saysNotBuilt(await serve(t, dataFolder(t)));
});

test("[web] a page that is being built while it is read says so, and ends no process", async (t) => {
  const folder = built(t);
  symlinkSync(join(folder, "gone.js"), join(folder, "assets", "main-4d5e6f.js")); // listed, and gone when it is looked at
  await saysNotBuilt(await serve(t, folder));
});

async function saysNotBuilt(port: number): Promise<void> {
  const { status, body } = await RawConnection.ask(port, "GET /");
  assert.deepEqual([status, body], [404, "This page is not built: npm run pages makes it.\n"]);
  assert.equal((await RawConnection.ask(port, "GET /assets/main-1a2b3c.js")).status, 426);
}
