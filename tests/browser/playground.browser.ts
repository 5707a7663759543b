/** The playground in a real browser: users side by side, commands by forms and by bytes, a connection that breaks, rooms restored. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { accessible, keepScreenshot, type TabOptions, TestBrowser } from "#tests/support/browser.ts";
import { developMade, madeGame } from "#tests/support/made_game.ts";
import { Server } from "#tests/support/process.ts";

/** The page, once it knows the games: until then its form asks for one, and seats nobody. */
async function playground(browser: TestBrowser, url: string, options: TabOptions = {}): Promise<Page> {
  const page = await browser.tab(url, options);
  await page.locator("select#game").waitFor();
  return page;
}

/** A user's part of the page, and what he hears. */
function userOf(page: Page, user: number) {
  const part = page.getByRole("region", { name: `User ${user}` });
  return { part, hears: (text: RegExp) => part.getByRole("listitem").filter({ hasText: text }).first().waitFor() };
}

test("[dev][web] two users play dice by forms, one is cut off and comes back, the room is restored under both", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const { port } = await Server.start(t, "single.ts");
  const page = await playground(browser, `http://127.0.0.1:${port}/playground`, { viewport: { width: 1280, height: 900 } });
  const hears = (user: number, text: RegExp) => userOf(page, user).hears(text);
  const of = (user: number) => userOf(page, user).part;

  for (const user of [1, 2]) {
    await page.getByRole("button", { name: "sit down" }).click();
    await hears(user, /101 scene/);
  }
  await of(1).getByLabel("v", { exact: true }).fill("6");
  await of(1).getByRole("button", { name: "shake" }).click();
  await hears(1, /103 shaken.*"userId":"1".*"dicePoints":6/);
  await hears(2, /103 shaken.*"userId":"1".*"dicePoints":0/);

  await of(1).getByLabel("command").fill("103");
  await of(1).getByLabel("body").fill("0806");
  await of(1).getByRole("button", { name: "send" }).click();
  await hears(1, /1 Error.*already shaken the dice/);

  await of(1).getByRole("button", { name: "drop the connection" }).click();
  await hears(2, /5 Online \{"v":"-1"\}/);
  await hears(2, /5 Online \{"v":"1"\}/);
  await hears(1, /back.*reconnect/);

  await page.getByRole("button", { name: "restore its rooms in place" }).click();
  await page.getByText("Restored in place: 1 room of dice.").waitFor();
  await of(2).getByRole("button", { name: "shake" }).click();
  await hears(1, /104 settlement/);
  assert.equal(await page.getByRole("region").count(), 2);
  await accessible(page, "two users at a table");
  await keepScreenshot(page, "playground");

  await of(1).getByRole("button", { name: "leave" }).click();
  await page.locator("input[name=user][value='3']").waitFor(); // 2 is there
});

test("[dev][web] a game of one's own: its form changes with its schema, and the player stays where he is", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const folder = await madeGame(t, "my-game");
  const { port } = await developMade(t, folder);
  const page = await playground(browser, `http://127.0.0.1:${port}/playground/`);
  await page.getByRole("button", { name: "sit down" }).click();
  const { part, hears } = userOf(page, 1);
  await hears(/seated/); // what is said before is dropped
  await part.getByLabel("hand").selectOption("HAND_PAPER");
  await part.getByRole("button", { name: "show" }).click();
  await hears(/102 shown.*"user":"1"/);

  const schema = join(folder, "game.proto");
  writeFileSync(schema, readFileSync(schema, "utf8").replace("Hand hand = 1;", "Hand hand = 1;\n  string word = 2;"));
  await part.getByLabel("word").fill("paper beats rock");
  for (const _time of ["the room may have forgotten the first hand", "it has not forgotten this one"])
    await part.getByRole("button", { name: "show" }).click();
  await hears(/102 show.*"word":"paper beats rock"/);
  await hears(/1 Error.*already shown a hand/);
  assert.equal(
    await part
      .getByRole("listitem")
      .filter({ hasText: /seated/ })
      .count(),
    1,
  );
});
