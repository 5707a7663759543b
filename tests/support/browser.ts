/**
 * A real browser for a test: Debian's chromium, driven by playwright-core, gone with the test. Each tab is somebody
 * else's: cookies and storage are its own. A test fails for an error in a tab's console, for a script that throws and for
 * what the Content-Security-Policy forbids. Screenshots are kept in KEEP_SCREENSHOTS, or in a folder whose name is said.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { AxeResults } from "axe-core";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { endWith } from "./endings.ts";
import { has } from "./skip.ts";

const command = "/usr/bin/chromium";
const axeScript = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Runs in a tab. */
const tellViolations = `document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  tellViolation(violatedDirective + " " + blockedURI));`;
/** How long a tab may take for what it is asked: machines are shared. */
const patienceMs = 20_000;

export interface TabOptions extends BrowserContextOptions {
  /** Errors in the console that the test provokes: a broken connection is one. */
  mayLog?: RegExp;
}

export class TestBrowser {
  readonly #browser: Browser;
  readonly #faults: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Undefined, and the test skipped, where there is no chromium. */
  static async open(t: TestContext): Promise<TestBrowser | undefined> {
    if (!has(t, command)) return undefined;
    const browser = await chromium.launch({ executablePath: command, args: ["--disable-gpu", "--disable-dev-shm-usage"] });
    const opened = new TestBrowser(browser);
    endWith(t, {
      end: () => browser.close(),
      judge: () => assert.deepEqual(opened.#faults, [], "what went wrong in a tab"),
    });
    return opened;
  }

  /** A tab of its own at `url`. */
  async tab(url: string, { mayLog, ...options }: TabOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext({ viewport: { width: 1024, height: 768 }, locale: "en-GB", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    await this.#watch(context, page, mayLog);
    await page.goto(url);
    return page;
  }

  async #watch(context: BrowserContext, page: Page, mayLog: RegExp | undefined): Promise<void> {
    page.on("pageerror", (error) => this.#faults.push(`thrown: ${error.stack ?? error.message}`));
    page.on("console", (message) => {
      const text = `${message.text()} (${message.location().url})`;
      if (message.type() === "error" && mayLog?.test(text) !== true) this.#faults.push(`console: ${text}`);
    });
    await context.exposeFunction("tellViolation", (text: string) => this.#faults.push(`policy: ${text}`));
    await context.addInitScript(tellViolations);
  }
}

/** Looks for what a screen reader, a keyboard or weak eyes cannot use. */
export async function accessible(page: Page, state: string): Promise<void> {
  // Evaluated by the debugger and not as a script of the page: its policy allows none.
  await page.evaluate(axeScript);
  const { violations } = await page.evaluate<AxeResults>("axe.run()");
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`);
  assert.deepEqual(found, [], `axe-core, ${state}`);
}

/** As a tab that somebody goes to another one from, or comes back to. */
export async function hide(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"))`);
}

let folder: string | undefined;

/** Keeps what the tab shows as a picture of this name. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  if (folder === undefined) {
    folder = process.env["KEEP_SCREENSHOTS"] ?? mkdtempSync(join(tmpdir(), "croupier-screenshots-"));
    mkdirSync(folder, { recursive: true });
    process.stdout.write(`screenshots are kept in ${folder}\n`);
  }
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
