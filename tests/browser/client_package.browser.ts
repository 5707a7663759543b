/** The client library as it is published, installed from its tarball, bundled, and run by a real browser under our policy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mintToken } from "#protocol/token.ts";
import { readPages } from "#runtime/pages.ts";
import { TestBrowser } from "#tests/support/browser.ts";
import { ClientProject } from "#tests/support/client_project.ts";
import { developmentKey } from "#tests/support/entrance.ts";
import { listening } from "#tests/support/listening.ts";
import { Server } from "#tests/support/process.ts";

/** Rolls in each scene, until that is refused. */
const player = `
import { connect } from "@croupier/client";
import { dice } from "@croupier/client/dice";

const [url, token] = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const show = (line) => document.querySelector("ol").append(Object.assign(document.createElement("li"), { textContent: line }));
const client = connect({ url, getToken: () => token });
client.on("state", (state) => show(state.is));
const room = client.sit(dice, { room: "1" });
room.on("scene", () => room.send("shake", { v: 6 }));
room.on("shaken", ({ userId, dicePoints }) => show(\`user \${userId} rolled \${dicePoints}\`));
room.on("refused", async ({ code }) => {
  show(code);
  await client.close();
  show("closed");
});
addEventListener("click", () => room.sit());
`;

test("[client] installed from its tarball and bundled it plays in a browser", { timeout: 120_000 }, async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const project = await ClientProject.install(t);
  project.write("index.html", '<!doctype html><title>player</title><ol></ol><script type="module" src="./player.js"></script>');
  project.write("player.js", player);
  const server = await Server.start(t, "single.ts");
  const pages = readPages(await project.bundle(), { connectTo: ["ws:"] });
  const port = await listening(t, (request, response) => {
    const isThere = pages(request.url ?? "/", request, response);
    if (!isThere) response.writeHead(request.url === "/favicon.ico" ? 204 : 404).end();
  });
  const how = [`ws://127.0.0.1:${server.port}`, await mintToken(7, developmentKey)];
  const tab = await browser.tab(`http://127.0.0.1:${port}/#${encodeURIComponent(JSON.stringify(how))}`);
  await tab.getByText("user 7 rolled 6").waitFor();
  await tab.mouse.click(5, 5); // the scene again: the second roll is refused
  await tab.getByText("closed").waitFor();
  const lines = await tab.locator("li").allTextContents();
  assert.deepEqual(lines, ["connecting", "connecting", "seated", "user 7 rolled 6", "alreadyShaken", "gone", "closed"]);
});
