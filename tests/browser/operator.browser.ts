/**
 * The operator's page in a real browser, at a gate of its own with two game servers: what it
 * shows is what is so, what its buttons do is done, and who may only read has none.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Locator, Page, Route } from "playwright-core";
import { ask } from "#tests/support/ask.ts";
import { accessible, hide, keepScreenshot, TestBrowser } from "#tests/support/browser.ts";
import { Player } from "#tests/support/player.ts";
import { Server } from "#tests/support/process.ts";
import { RedisServer } from "#tests/support/redis_server.ts";
import { until } from "#tests/support/until.ts";

const tokens = { ADMIN_TOKEN: "the operator's token", ADMIN_READ_TOKEN: "the reader's token" };
const reader = { headers: { Authorization: `Bearer ${tokens.ADMIN_READ_TOKEN}` } };
const operator = { headers: { Authorization: `Bearer ${tokens.ADMIN_TOKEN}` } };

interface Fleet {
  readonly gate: Server;
  readonly servers: readonly [first: Server, second: Server];
  /** One more game server, with these settings beside those that all have. */
  readonly start: (more: Record<string, string>) => Promise<Server>;
}

/** A gate and two game servers that know each other; `second`: what the second is told beside. Undefined: there is no Redis. */
async function fleet(t: TestContext, second: Record<string, string> = {}): Promise<Fleet | undefined> {
  const redis = await RedisServer.start(t);
  if (redis === undefined) return undefined;
  const common = { ...tokens, REDIS_URL: redis.url, VERSION: "v1.3" };
  const gate = await Server.start(t, "gate_server/main.ts", common);
  const origins = { ADMIN_ORIGINS: `http://127.0.0.1:${gate.adminPort}`, ADVERTISE: "127.0.0.1" };
  const start = (more: Record<string, string>) => Server.start(t, "game_server/main.ts", { ...common, ...origins, ...more });
  const servers = [await start({}), await start(second)] as const;
  await until(async () => (await roomsTaken(gate)) === 2);
  return { gate, servers, start };
}

async function roomsTaken(gate: Server): Promise<number> {
  const { servers } = (await ask(gate, "GET", "/servers", reader)).body as { servers: { isOffered: boolean }[] };
  return servers.filter(({ isOffered }) => isOffered).length;
}

/** Users from 1, as many as are asked for, each alone in a room of his own. */
async function allSeated(gate: Server, count: number): Promise<Player[]> {
  const players: Player[] = [];
  for (let user = 1; user <= count; user++) players.push(await seated(gate, user));
  return players;
}

/** Alone in the room that has the number of the user. */
async function seated(gate: Server, user: number): Promise<Player> {
  const player = await Player.seated(gate.port, user, { room_id: String(user) });
  await player.hearUntil("Scene");
  return player;
}

/** What a browser says of a process that is gone, or of a token that is none. */
const mayLog = /net::ERR_CONNECTION_REFUSED|net::ERR_EMPTY_RESPONSE|net::ERR_CONNECTION_RESET|status of (401|404|409|503)/;

async function signedIn(browser: TestBrowser, { gate, servers }: Fleet, token: string): Promise<Page> {
  const page = await browser.tab(`http://127.0.0.1:${gate.adminPort}/`, { mayLog, viewport: { width: 1280, height: 1000 } });
  await page.getByLabel("Admin token").fill(token);
  await page.getByRole("button", { name: "Use it" }).click();
  await page.getByLabel("Further admin listeners").fill(addressesOf({ servers }));
  await page.getByRole("button", { name: "Ask them, too" }).click();
  return page;
}

function addressesOf({ servers }: Pick<Fleet, "servers">): string {
  return servers.map(({ adminPort }) => `127.0.0.1:${adminPort}`).join(", ");
}

/** A row of a table, by what is in it. */
function row(page: Page, caption: string, text: string | RegExp): Locator {
  return page.getByRole("table", { name: caption }).getByRole("row").filter({ hasText: text });
}

async function shows(found: Locator): Promise<void> {
  await found.first().waitFor();
}

/** The name of a game server on the page: its address, as both have one machine. */
function nameOf({ port }: Server): string {
  return `127.0.0.1:${port}`;
}

test("[web][admin] the page lists gates, game servers, rooms and sessions, and follows one room live, also where it moves", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const all = await fleet(t);
  if (all === undefined) return;
  const players = await allSeated(all.gate, 3);
  const page = await signedIn(browser, all, tokens.ADMIN_TOKEN);
  await shows(page.getByText("You may operate."));
  await shows(row(page, "Gates", "v1.3").filter({ hasText: "serving" }));
  await until(async () => (await row(page, "Game servers", "serving").count()) === 2);
  await accessible(page, "the fleet");

  await page.getByRole("link", { name: "Sessions" }).click();
  await until(async () => (await row(page, "Sessions", /dice\/\d/).count()) === 3);
  await page.getByLabel("User").fill("2");
  await page.getByRole("button", { name: "Search" }).click();
  await until(async () => (await row(page, "Sessions", /dice\/\d/).count()) === 1);
  await accessible(page, "sessions");
  await page.getByRole("button", { name: "Message… to user 2" }).click();
  await page.getByLabel("Text").fill("We restart at noon.");
  await accessible(page, "a dialogue");
  await page.getByRole("button", { name: "Send" }).click();
  await players[1]?.hearUntil("Notice 5/0 We restart at noon.");
  await shows(page.getByText("User 2 was told, at 1 session."));
  await shows(page.locator("button:focus", { hasText: "Message…" }));

  await page.getByRole("link", { name: "Rooms" }).click();
  await until(async () => (await row(page, "Rooms", /dice\/\d/).count()) === 3);
  await accessible(page, "rooms");
  const four = await seated(all.gate, 4); // just now: his roll is to outlast the move, and with it his game
  await page.getByLabel("User").fill("4");
  await page.getByRole("button", { name: "Search" }).click();
  await until(async () => (await row(page, "Rooms", /dice\/\d/).count()) === 1);
  await page.getByRole("link", { name: "dice/4" }).click();
  const print = page.locator("pre");
  await shows(print.filter({ hasText: "dice none" }));
  four.shake(6);
  await shows(print.filter({ hasText: "user 4: rolled" }));
  await accessible(page, "a room");

  const owner = async (): Promise<number> => {
    const answers = await Promise.all(all.servers.map((server) => ask(server, "GET", "/rooms/dice/4", reader)));
    return answers.findIndex(({ status }) => status === 200);
  };
  const before = await owner();
  await page.getByLabel("Move it to").selectOption({ index: 1 });
  await page.getByRole("button", { name: "Move", exact: true }).click();
  await shows(page.getByText(/^It is at .* now\.$/));
  assert.equal(await owner(), 1 - before);
  await shows(page.locator("dd").filter({ hasText: /^2$/ }));
  await shows(print.filter({ hasText: "user 4: rolled" }));
  await keepScreenshot(page, "operator-room");
  await page.getByRole("button", { name: "Dissolve…" }).click();
  await page.getByRole("button", { name: "Dissolve it" }).click();
  await four.hearUntil("Disconnect 1");
  await shows(page.getByText(/It is played by nobody who is asked here/));
  await players[2]?.settle();

  await page.getByRole("link", { name: "Sessions" }).click();
  await page.getByRole("button", { name: "Kick… user 3" }).click();
  await page.getByRole("button", { name: "Kick", exact: true }).click();
  assert.equal((await players[2]?.closed)?.code, 4500);
  await shows(page.getByText(/of user 3 is closed/));
});

test("[web][admin][P6] a drain is seen room by room, taken back, and seen again until the process is gone; nobody loses his connection", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const all = await fleet(t, { ROOMS: "9" });
  if (all === undefined) return;
  const {
    servers: [first],
    start: successor,
  } = all;
  const players = await allSeated(all.gate, 12);
  const page = await signedIn(browser, all, tokens.ADMIN_TOKEN);
  const named = nameOf(first);
  await until(async () => (await row(page, "Game servers", "serving").filter({ hasText: "6" }).count()) === 2);

  const drain = async (): Promise<void> => {
    await page.getByRole("button", { name: `Drain of ${named}`, exact: true }).click();
    await page.getByRole("button", { name: "Drain it" }).click();
  };
  await drain();
  await shows(page.getByRole("heading", { name: `The drain of ${named}` }));
  await shows(page.getByText("3 of 6 rooms have left"));
  await until(async () => (await row(page, "Rooms of the drain", "at 127.0.0.1").count()) === 3);
  assert.equal(await row(page, "Rooms of the drain", "still here").count(), 3);
  await shows(page.getByText(/drains and is stuck: nobody takes its 3 rooms/));
  await shows(page.getByRole("log").getByText(/draining/));
  await accessible(page, "a drain");
  await keepScreenshot(page, "operator-drain");

  await page.getByRole("button", { name: `Undo the drain of ${named}` }).click();
  await page.getByRole("button", { name: "Take it back" }).click();
  await shows(page.getByText(`The drain was taken back: ${named} serves again.`));
  assert.equal((await ask(first, "GET", "/drain", reader)).body["stage"], "serving");

  const { rooms } = (await ask(all.servers[1], "GET", "/rooms?limit=3", operator)).body as { rooms: { life: string }[] };
  for (const { life } of rooms) await ask(all.servers[1], "POST", `/rooms/${life}/dissolve`, operator); // space at the second server
  await drain();
  assert.deepEqual(await first.exited, { code: 0, signal: null });
  await shows(page.getByText(`${named} is gone, or out of reach.`));
  await shows(page.getByText("3 of 3 rooms have left"));
  await keepScreenshot(page, "operator-drained");

  await successor({ ADMIN_PORT: String(first.adminPort), VERSION: "v1.4" });
  await shows(page.getByText(`${named} is gone, and its successor is there.`));
  await shows(page.getByText(/^Not over: .*releases v1\.3 and v1\.4 are there\.$/));
  await shows(row(page, "Game servers", "v1.4").filter({ hasText: "serving" }));
  await accessible(page, "half-way through a rollout");
  await keepScreenshot(page, "operator-rollout");
  const open = await Promise.all(players.map((player) => Promise.race([player.closed.then(() => player.user), Promise.resolve("open")])));
  assert.deepEqual(new Set(open), new Set(["open"]));
});

test("[web][admin] whoever may only read sees everything and has no button that changes it; a wrong token is said to be one", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const all = await fleet(t);
  if (all === undefined) return;
  await seated(all.gate, 1);
  const page = await browser.tab(`http://127.0.0.1:${all.gate.adminPort}/`, {
    mayLog,
    viewport: { width: 360, height: 740 },
    colorScheme: "dark",
  });
  await page.getByLabel("Admin token").fill("a wrong token");
  await page.getByRole("button", { name: "Use it" }).click();
  await shows(page.getByText("the admin token is missing or wrong"));
  await accessible(page, "a wrong token");
  await page.getByLabel("Admin token").fill(tokens.ADMIN_READ_TOKEN);
  await page.getByRole("button", { name: "Use it" }).click();
  await shows(page.getByText("You may look."));
  await page.getByLabel("Further admin listeners").fill(addressesOf(all));
  await page.getByRole("button", { name: "Ask them, too" }).click();
  await until(async () => (await row(page, "Game servers", "serving").count()) === 2);
  await keepScreenshot(page, "operator-reader-phone");
  for (const part of ["Fleet", "Sessions", "Rooms"]) {
    await page.getByRole("link", { name: part }).click();
    await shows(page.getByRole("table"));
    if (part !== "Fleet") await shows(page.getByText(/^1 (room|session) on this page\.$/));
    assert.equal(await page.getByRole("button", { name: /Drain|Undo|Kick|Message|Move|Dissolve/ }).count(), 0, part);
    assert.ok((await page.evaluate<number>("document.documentElement.scrollWidth")) <= 360, `${part} fits`);
    await accessible(page, `${part}, dark and narrow`);
  }
  await page.getByRole("link", { name: "dice/1" }).click();
  await shows(page.locator("pre"));
  assert.equal(await page.getByRole("button", { name: /Move|Dissolve/ }).count(), 0);
  const refused = await ask(all.gate, "POST", "/drain", reader);
  assert.deepEqual([refused.status, refused.body["message"]], [403, "this token may only read"]);
});

test("[web][admin] without a token set the page of npm start's listener is an operator's at once, counts who is refused, and asks nothing while nobody looks", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const server = await Server.start(t, "single.ts", { DRAIN: "wait" });
  const player = await Player.seated(server.port, 1);
  await player.hearUntil("Scene");
  const page = await browser.tab(`http://127.0.0.1:${server.adminPort}/#/refusals`, { mayLog });
  await shows(page.getByText("You may operate."));
  await player.settle();
  await shows(row(page, "Refusals", "unknown command"));
  await accessible(page, "refusals");
  await keepScreenshot(page, "operator-refusals");
  await page.getByRole("link", { name: "Fleet" }).click();
  await page
    .getByRole("button", { name: /^Drain/ })
    .first()
    .click();
  await page.keyboard.press("Escape");
  assert.equal((await ask(server, "GET", "/drain")).body["stage"], "serving", "nothing is done that is not confirmed");

  let asked = 0;
  page.on("request", () => {
    asked += 1;
  });
  await until(() => asked > 4);
  await hide(page, true);
  await sleep(1000); // what was under way is over
  const before = asked;
  await sleep(3000);
  assert.equal(asked, before, "nothing is asked while nobody looks");
  await hide(page, false);
  await until(() => asked > before);
});

test("[web][admin] a next page can be asked for once this one is there, and not while it is asked for", async (t) => {
  const browser = await TestBrowser.open(t);
  if (browser === undefined) return;
  const server = await Server.start(t, "single.ts");
  const page = await browser.tab(`http://127.0.0.1:${server.adminPort}/`, { mayLog });
  const held: Route[] = [];
  const asked = (after: number): Route | undefined => held.find((route) => route.request().url().endsWith(`&after=${after}`));
  await page.route(/\/sessions\?/, async (route) => {
    if (route.request().url().includes("after=")) held.push(route);
    else await route.fulfill({ json: { sessions: [], next: 1 } });
  });
  await page.getByRole("link", { name: "Sessions" }).click();
  const next = page.getByRole("button", { name: "Next page" });
  await next.click();
  await until(() => asked(1) !== undefined);
  assert.equal(await next.isDisabled(), true, "what is shown is the first page, and its next one is asked for already");
  await asked(1)?.fulfill({ json: { sessions: [], next: 2 } });
  await next.click();
  await until(() => asked(2) !== undefined);
});
