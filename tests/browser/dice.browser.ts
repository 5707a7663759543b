/** People play on the dice page: real browsers, a real house. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { mintToken } from "#protocol/token.ts";
import { hide, keepScreenshot, TestBrowser } from "#tests/support/browser.ts";
import { DiceTab } from "#tests/support/dice_tab.ts";
import { production } from "#tests/support/entrance.ts";
import { Server } from "#tests/support/process.ts";
import { until } from "#tests/support/until.ts";

async function house(t: TestContext): Promise<{ browser: TestBrowser; port: number; url: string } | undefined> {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return undefined;
  const { port } = await Server.start(t, "single.ts");
  return { browser, port, url: `http://127.0.0.1:${port}/` };
}

test("[web] two tabs play a game to its settlement while a third watches, and axe-core has nothing against any of it", async (t) => {
  const all = await house(t);
  if (all === undefined) return;
  const { browser, port, url } = all;
  const one = await DiceTab.open(browser, url);
  await one.reads("Who are you?");
  await one.isAccessible("signing in");
  await one.page.getByRole("button", { name: "Player 1" }).click();
  await one.reads("No table is open. Open the first one.");
  await one.isAccessible("empty lobby");
  await one.page.getByRole("link", { name: "New table" }).click();
  await one.page.locator(".chair.mine").waitFor();
  await one.isAccessible("table");

  const two = await DiceTab.at(browser, port, 2, {});
  await two.page.getByRole("link", { name: "Sit down at table 1" }).waitFor();
  await two.isAccessible("lobby");
  await keepScreenshot(two.page, "lobby");
  await two.page.getByRole("link", { name: "Sit down at table 1" }).click();
  const three = await DiceTab.at(browser, port, 3, { table: "1", watch: true });
  await one.reads("Player 2 sat down");
  await one.reads("Player 3 watches");

  await one.newGame();
  const ofTwo = await two.roll();
  const ofOne = await one.roll();
  await one.reads("Player 2 rolled");
  const expected = { one: ofOne >= ofTwo, two: ofTwo >= ofOne };
  for (const [tab, names] of [
    [one, ["You", "Player 2"]],
    [two, ["Player 1", "You"]],
    [three, ["Player 1", "Player 2"]],
  ] as const) {
    const winners = (await tab.winners()).map((name) => name.replace(/^\d+\s*/, ""));
    assert.deepEqual(winners, [...(expected.one ? [names[0]] : []), ...(expected.two ? [names[1]] : [])]);
  }
  await keepScreenshot(two.page, "settlement");
  await three.isAccessible("settlement, watching");
  await keepScreenshot(three.page, "watching");
  await one.reads("A new game begins");
  await one.page.locator(".past", { hasText: "Game 2" }).waitFor();

  await three.page.getByRole("button", { name: "Take a seat" }).click();
  await three.page.locator(".chair.mine").waitFor();
  await one.reads("Player 3 sat down");
  await two.page.getByRole("button", { name: "Back to the lobby" }).click();
  await one.reads("Player 2 left");
  await one.reads("Free");

  await three.roll();
  await one.reads("Player 3 rolled");
  await one.reads("rolled, hidden");
  await one.isAccessible("somebody has rolled");
  await keepScreenshot(one.page, "table");
});

test("[web] whoever loads the page again finds his seat and his points", async (t) => {
  const all = await house(t);
  if (all === undefined) return;
  const one = await DiceTab.at(all.browser, all.port, 1, { table: "1" });
  const points = await one.roll();
  await one.page.reload();
  await one.page.locator(".chair.mine .die").waitFor();
  assert.equal(await one.points(), points);
  await one.reads("You are back at your seat");
});

test("[web] whoever goes to another table while his seat is kept is led to it, and reads where he is", async (t) => {
  const all = await house(t);
  if (all === undefined) return;
  const one = await DiceTab.at(all.browser, all.port, 1, { table: "5" });
  const points = await one.roll();
  await one.page.getByRole("button", { name: "Back to the lobby" }).click();
  await one.page.locator(".hero").waitFor();
  await one.page.goto(`${all.url}#table=6`);
  await one.page.getByRole("heading", { name: "Table 5" }).waitFor();
  await one.page.locator(".chair.mine .die").waitFor();
  assert.equal(one.page.url(), `${all.url}#table=5`);
  assert.equal(await one.points(), points);
});

test("[web] a table that was left for good, or long ago, is not taken for the one where the seat is kept", async (t) => {
  const all = await house(t);
  if (all === undefined) return;
  const one = await DiceTab.at(all.browser, all.port, 1, { table: "5" });
  const leave = async (): Promise<void> => {
    await one.page.getByRole("button", { name: "Back to the lobby" }).click();
    await one.page.locator(".hero").waitFor();
  };
  const known = (): Promise<string | null> => one.page.evaluate<string | null>("localStorage.getItem('croupier table of 1')");
  assert.match((await known()) ?? "", /^5 \d+$/);
  await leave();
  assert.equal(await known(), null, "who has not rolled has no seat any more");

  await one.page.goto(`${all.url}#table=6`);
  await one.roll();
  await leave();
  assert.match((await known()) ?? "", /^6 \d+$/);
  await one.page.evaluate(`localStorage.setItem("croupier table of 1", "5 ${Date.now() - 180_000}")`);
  await one.page.goto(`${all.url}#table=6`);
  await one.page.locator(".chair.mine .die").waitFor();
  assert.equal(one.page.url(), `${all.url}#table=6`);
  assert.equal(await one.page.getByRole("heading", { level: 1 }).textContent(), "Table 6");
});

test("[web] a phone of 320 pixels has room for all of it, by night and in Chinese", async (t) => {
  const all = await house(t);
  if (all === undefined) return;
  const phone = { viewport: { width: 320, height: 640 }, colorScheme: "dark", locale: "zh-CN", hasTouch: true, isMobile: true } as const;
  const one = await DiceTab.open(all.browser, all.url, phone);
  await one.reads("你是谁？");
  await one.fits();
  await one.page.locator(".person").first().tap();
  await one.reads("大厅");
  await one.fits();
  await one.page.getByRole("link", { name: "马上开始" }).tap();
  await one.page.locator(".chair.mine").waitFor();
  const two = await DiceTab.at(all.browser, all.port, 2, { table: "1" });
  await two.roll();
  await one.reads("玩家 2掷了骰子");
  await one.fits();
  await keepScreenshot(one.page, "phone");
  const roll = one.page.getByRole("button", { name: "掷骰子" });
  const box = await roll.boundingBox();
  assert.ok(box !== null && box.y + box.height <= 640, "the button is on the screen, wherever one has scrolled to");
  await roll.tap();
  await one.winners();
  await one.fits();
  await one.page.setViewportSize({ width: 1024, height: 768 });
  await keepScreenshot(one.page, "chinese");
});

test("[web] a keyboard is enough, and the focus stays where it is", async (t) => {
  const all = await house(t);
  if (all === undefined) return;
  const { page } = await DiceTab.open(all.browser, all.url);
  const focused = (): Promise<string> =>
    page.evaluate<string>("document.activeElement === document.body ? '' : document.activeElement.textContent");
  const tabTo = async (words: string): Promise<void> => {
    for (let press = 0; press < 30 && !(await focused()).includes(words); press++) await page.keyboard.press("Tab");
    assert.ok((await focused()).includes(words), `no way to ${words}`);
  };
  await page.locator(".person").first().waitFor();
  await tabTo("Player 4");
  await page.keyboard.press("Enter");
  await page.locator(".hero").waitFor();
  assert.equal(await focused(), "Lobby");
  await tabTo("Play now");
  await page.keyboard.press("Enter");
  await page.locator(".chair.mine").waitFor();
  assert.equal(await focused(), "Table 1", "a screen reader says where one is");
  await tabTo("Roll");
  await page.keyboard.press("Space");
  await page.locator(".chair.mine .die").waitFor();
  assert.match(await focused(), /^You rolled [1-6]$/);
  await page.keyboard.press("Space"); // nothing more to roll, and nothing refused
  await page.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "Back to the lobby");
  await page.keyboard.press("Enter");
  await page.locator(".hero").waitFor();
  assert.equal(await focused(), "Lobby");
  assert.equal(await page.getByText("You have rolled already.").count(), 0);
  await page.getByLabel("Table number").fill("9223372036854775808");
  await page.keyboard.press("Enter");
  assert.match(await page.evaluate<string>("document.querySelector('input:invalid').validationMessage"), /^Table numbers go from 1/);
});

test("[web] dice roll, and lie still for who asks for less motion", async (t) => {
  const all = await house(t);
  if (all === undefined) return;
  for (const [table, reducedMotion, animation] of [
    ["1", "no-preference", "tumble"],
    ["2", "reduce", "none"],
  ] as const) {
    const { page, ...tab } = await DiceTab.at(all.browser, all.port, Number(table), { table, reducedMotion });
    assert.ok(tab);
    await page.locator(".roll").click();
    await page.locator(".chair.mine .cube").waitFor();
    assert.equal(await page.evaluate<string>("getComputedStyle(document.querySelector('.chair.mine .cube')).animationName"), animation);
  }
});

test("[web] in production a token comes in the address, which forgets it at once, or by a form; an expired one is said to be", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const key = Buffer.from(production.JWT_KEY, "base64");
  const { port } = await Server.start(t, "single.ts", production);
  const url = `http://127.0.0.1:${port}/`;
  const token = await mintToken(7, key);
  const linked = await DiceTab.open(browser, `${url}#table=5&token=${token}`);
  await linked.page.locator(".chair.mine").waitFor();
  assert.equal(linked.page.url(), `${url}#table=5`);
  await linked.page.goto(`${url}#table=6&token=${await mintToken(9, key)}`); // no other page: only another address
  await linked.page.locator(".chair.mine .chip", { hasText: "9" }).waitFor();
  assert.equal(linked.page.url(), `${url}#table=6`);

  const mayLog = /\/dev\/token|WebSocket connection/;
  const typed = await DiceTab.open(browser, url, { mayLog });
  await typed.page.getByLabel("Token").fill(await mintToken(8, key, -60));
  await typed.isAccessible("a token's form");
  await typed.page.getByRole("button", { name: "Enter" }).click();
  await typed.page.getByRole("link", { name: "Play now" }).click();
  await typed.reads("You were not let in");
  await typed.isAccessible("an expired token");
  await typed.page.getByLabel("Token").fill(await mintToken(8, key));
  await typed.page.getByRole("button", { name: "Enter" }).click();
  await typed.page.locator(".chair.mine").waitFor();
});

test("[web] a table asks for the list of tables until that says how many seats it has, and no more", async (t) => {
  const all = await house(t);
  if (all === undefined) return;
  const { page } = await DiceTab.at(all.browser, all.port, 1, {});
  await page.clock.install();
  const rooms: unknown[] = [];
  let asked = 0;
  await page.route(/\/rooms\?/, async (route) => {
    asked += 1;
    await route.fulfill({ json: { rooms } });
  });
  await page.goto(`${all.url}#table=1`);
  await page.locator(".chair.mine").waitFor();
  await until(() => asked > 0);
  assert.equal(await page.locator(".chair").count(), 4, "as many as usual");
  rooms.push({ id: "1", seats: 6, free: 5, watchers: 0, phase: "playing" });
  await page.clock.fastForward(10_000);
  await page.locator(".chair").nth(5).waitFor();
  const before = asked;
  await page.clock.fastForward(60_000);
  await page.getByRole("button", { name: "Back to the lobby" }).click();
  await page.locator(".room").waitFor();
  assert.equal(asked, before + 1, "it is the lobby that asks again");
});

test("[web] a gate that does not answer: the page says so and asks on; and nothing is asked while nobody looks", async (t) => {
  const all = await house(t);
  if (all === undefined) return;
  const page = await all.browser.tab("about:blank");
  await page.clock.install();
  await page.route("**/dev/token?*", () => {}); // never answered
  await page.goto(all.url);
  await page.getByLabel("Token").waitFor();
  await page.unroute("**/dev/token?*");

  let asked = 0;
  let isSilent = true;
  await page.route(/\/rooms\?/, async (route) => {
    asked += 1;
    if (!isSilent) await route.continue();
  });
  await page.reload();
  await page.locator(".person").first().click();
  await page.getByText("The lobby cannot be reached. It is asked again.").waitFor();
  isSilent = false;
  await page.clock.fastForward(2000);
  await page.getByText("No table is open.").waitFor();

  await hide(page, true);
  await page.clock.fastForward(2000);
  const before = asked;
  await page.clock.fastForward(2000);
  await page.clock.fastForward(2000);
  assert.equal(asked, before);
  await hide(page, false);
  await until(() => asked > before);
});
