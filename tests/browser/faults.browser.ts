/** What players at the dice page notice of faults, moves and drains: words, and no lost seat, roll or connection. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { accessible, keepScreenshot, TestBrowser } from "#tests/support/browser.ts";
import { Cluster, metricOf } from "#tests/support/cluster.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { DiceTab } from "#tests/support/dice_tab.ts";
import { Server } from "#tests/support/process.ts";
import { TcpProxy } from "#tests/support/tcp_proxy.ts";

/** Two players at table 1 of this gate. */
async function twoTabs(browser: TestBrowser, port: number): Promise<[DiceTab, DiceTab]> {
  const one = await DiceTab.at(browser, port, 1, { table: "1" });
  const two = await DiceTab.at(browser, port, 2, { table: "1" });
  await one.reads("Player 2 sat down");
  return [one, two];
}

/** Both are on the connection that they came with. */
function neitherReconnected(...tabs: readonly DiceTab[]): void {
  assert.deepEqual(
    tabs.map(({ connections }) => connections),
    tabs.map(() => 1),
  );
}

test("[web][P4] a tab that is cut off says so, comes back to its points, and the other one sees both", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const { port } = await Server.start(t, "single.ts");
  const proxy = await TcpProxy.open(t, port);
  const one = await DiceTab.at(browser, port, 1, { table: "1" });
  const two = await DiceTab.at(browser, proxy.port, 2, { table: "1", mayLog: /WebSocket connection|ERR_|\/rooms|\/dev\/token/ });
  const points = await two.roll();
  proxy.refuse();
  await two.reads(/The connection is lost/);
  await one.reads("Player 2 went offline; the seat is kept");
  proxy.go();
  await two.reads("You are back at your seat");
  assert.equal(await two.points(), points);
  await one.reads("Player 2 is back");
  assert.ok(two.connections > 1);
  assert.equal(one.connections, 1);

  proxy.refuse(); // apart: whoever is away when his game is settled is stood up
  await two.reads(/The connection is lost/);
  await accessible(two.page, "cut off");
  await keepScreenshot(two.page, "cut-off");
});

test("[web][P2] npm start's server is killed with -9 and started again while both play: they come back to what they had rolled", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const env = { DATA_DIR: dataFolder(t) };
  const first = await Server.start(t, "single.ts", env);
  const mayLog = /WebSocket connection|ERR_/;
  const one = await DiceTab.at(browser, first.port, 1, { table: "1", mayLog });
  const two = await DiceTab.at(browser, first.port, 2, { table: "1", mayLog });
  const points = await one.roll();
  await two.reads("Player 1 rolled");
  first.signal("SIGKILL");
  await first.exited;
  for (const tab of [one, two]) await tab.reads(/The connection is lost/);
  await Server.start(t, "single.ts", { ...env, PORT: String(first.port) });
  for (const tab of [one, two]) await tab.reads("You are back at your seat");
  assert.equal(await one.points(), points);
  await two.roll();
  assert.ok((await one.winners()).length > 0);
});

test("[web][F1][P3] a game server is killed with -9 and started again while both play: a pause in words, and the points are there", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const env = { DATA_DIR: dataFolder(t) };
  const first = await Server.start(t, "game_server/main.ts", env);
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${first.port}` });
  const [one, two] = await twoTabs(browser, gate.port);
  const points = await one.roll();
  await two.reads("Player 1 rolled");
  first.signal("SIGKILL");
  await first.exited;
  await one.reads("It stands still: your seat and your rolls are kept.");
  await one.reads(/Kept for another 1:\d\d/);
  await accessible(one.page, "paused");
  await keepScreenshot(one.page, "paused");
  await Server.start(t, "game_server/main.ts", { ...env, PORT: String(first.port) });
  await one.reads("The table goes on. Nothing was lost.");
  assert.equal(await one.points(), points);
  await two.roll();
  assert.ok((await one.winners()).length > 0);
  neitherReconnected(one, two);
});

test("[web][P5][F4] tables move to another server while both play: said in passing, and nobody reconnects", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const cluster = await Cluster.open(t, { servers: 2, gates: 1 });
  if (cluster === undefined) return;
  await cluster.learned();
  const [one, two] = await twoTabs(browser, cluster.door(0));
  const points = await one.roll();
  const [first, second] = cluster.servers as [Server, Server];
  const [from, to] = (await metricOf(first, "croupier_rooms")) === 1 ? [first, second] : [second, first];
  from.signal("SIGTERM");
  assert.deepEqual(await from.exited, { code: 0, signal: null });
  await cluster.shows(to, "croupier_rooms", 1);
  await one.reads("Your table has moved, nothing lost");
  assert.equal(await one.points(), points);
  await two.roll();
  assert.ok((await two.winners()).length > 0);
  await accessible(one.page, "moved");
  await keepScreenshot(one.page, "moved");
  neitherReconnected(one, two);
});

test("[web][P6] a table that will be closed says so, and how long it has, and then that it is closed", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const game = await Server.start(t, "game_server/main.ts", { DRAIN: "wait" });
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${game.port}` });
  const [one, two] = await twoTabs(browser, gate.port);
  await two.roll();
  game.signal("SIGTERM");
  await one.reads("This table will be closed by the house.");
  await one.reads(/Closes in 1:\d\d/);
  await one.isAccessible("a table that will be closed");
  await keepScreenshot(one.page, "notice");
  game.signal("SIGTERM");
  await one.reads("This table is closed.");
  await one.reads("Standing still");
  await accessible(one.page, "closed");
  await one.page.getByRole("link", { name: "Back to the lobby" }).click();
  await one.page.locator(".hero").waitFor();
});

test("[web][P6] a gate that restarts tells its tabs, which come back by another one to their seats", async (t: TestContext) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const cluster = await Cluster.open(t, { servers: 1, gates: 2, env: { DRAIN_DELAY: "2s" } });
  if (cluster === undefined) return;
  await cluster.learned();
  const balancer = await TcpProxy.open(t, cluster.door(0));
  const one = await DiceTab.at(browser, balancer.port, 1, { table: "1" });
  const points = await one.roll();
  balancer.leadTo(cluster.door(1));
  cluster.gates[0]?.signal("SIGTERM");
  await one.reads("This entrance restarts soon. You will be brought back to your seat.");
  await one.reads("You are back at your seat");
  assert.equal(await one.points(), points);
  assert.equal(one.connections, 2);
});

test("[web] who opens his table in a second window finds out in the first", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const { port } = await Server.start(t, "single.ts");
  const first = await DiceTab.at(browser, port, 1, { table: "1" });
  const second = await DiceTab.at(browser, port, 1, { table: "1" });
  await first.reads("You are at this table in another window.");
  await accessible(first.page, "replaced");
  await first.page.getByRole("button", { name: "Play here instead" }).click();
  await second.reads("You are at this table in another window.");
  await first.page.locator(".chair.mine").waitFor();
});
