/** A player at the dice page, in a tab of his own. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { accessible, type TabOptions, type TestBrowser } from "./browser.ts";

interface DiceTabOptions extends TabOptions {
  /** Left out: he stays in the lobby. */
  table?: string;
  watch?: boolean;
}

export class DiceTab {
  readonly page: Page;
  /** How many connections the page has made. */
  connections = 0;

  private constructor(page: Page) {
    this.page = page;
    page.on("websocket", () => {
      this.connections += 1;
    });
  }

  /** The page as a stranger finds it. */
  static async open(browser: TestBrowser, url: string, options: TabOptions = {}): Promise<DiceTab> {
    const tab = new DiceTab(await browser.tab("about:blank", { reducedMotion: "reduce", ...options }));
    await tab.page.goto(url);
    return tab;
  }

  /** One of the users that development offers, at a table. */
  static async at(
    browser: TestBrowser,
    port: number,
    user: number,
    { table, watch = false, ...options }: DiceTabOptions,
  ): Promise<DiceTab> {
    const fragment = table === undefined ? "" : `#table=${table}${watch ? "&watch" : ""}`;
    const tab = await DiceTab.open(browser, `http://127.0.0.1:${port}/${fragment}`, options);
    await tab.page
      .locator(".person")
      .nth(user - 1)
      .click();
    if (table !== undefined) await tab.page.locator(watch ? ".names li" : ".chair.mine").waitFor();
    return tab;
  }

  /** Waits until this is to be read somewhere. */
  async reads(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  /** Waits until a game begins, for one who has not rolled: all of its time is left. */
  async newGame(): Promise<void> {
    await this.page.locator(".roll[aria-disabled=true]").waitFor({ timeout: 40_000 });
    await this.page.locator(".roll[aria-disabled=false]").waitFor();
  }

  /** Rolls, as soon as there is a game; gives the points. */
  async roll(): Promise<number> {
    await this.page.locator(".roll[aria-disabled=false]").click();
    await this.page.locator(".chair.mine .die").waitFor();
    return await this.points();
  }

  /** The points before him. */
  async points(): Promise<number> {
    const words = await this.page.locator(".chair.mine .seat-state").textContent();
    return Number(/\d+/.exec(words ?? "")?.[0]);
  }

  /** Waits until the game is over; gives the names of who won. */
  async winners(): Promise<string[]> {
    await this.page.locator(".chair.winner").first().waitFor({ timeout: 40_000 });
    return await this.page.locator(".chair.winner .seat-name").allTextContents();
  }

  /** axe-core has nothing against what there is to see: by day and by night, in either language. */
  async isAccessible(state: string): Promise<void> {
    for (const _language of ["the one it has", "the other one"]) {
      for (const colorScheme of ["dark", "light"] as const) {
        await this.page.emulateMedia({ colorScheme });
        await accessible(this.page, `${state}, ${await this.page.locator("html").getAttribute("lang")}, ${colorScheme}`);
      }
      await this.page.locator(".top button[lang]").click();
    }
  }

  /** Nothing is wider than the screen. */
  async fits(): Promise<void> {
    const [content, screen] = await this.page.evaluate<[number, number]>("[document.documentElement.scrollWidth, innerWidth]");
    assert.ok(content <= screen, `${content} pixels on a screen of ${screen}`);
  }
}
