/** Games from outside: dealt by a path, and followed by `croupier dev` while they are written and people play. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { type TestContext, test } from "node:test";
import type { RoomValue } from "#game_server/room_value.ts";
import type { RoomsPageView } from "#protocol/admin_views.ts";
import { storedRows } from "./support/data_folder.ts";
import { OutsideGame } from "./support/outside_game.ts";
import { frame, Player } from "./support/player.ts";
import { Server, start } from "./support/process.ts";
import { read } from "./support/said.ts";

const count = frame(301);

/** A module's `rules`, which do nothing. */
const handlers = `const nothing = () => {};
const rules = { name: 'a', version: 1 };
for (const name of ["open", "arrive", "leave", "message", "timer", "dissolve", "phase", "print"]) rules[name] = nothing;`;

function dev(t: TestContext, game: OutsideGame): Promise<Server> {
  return Server.ready(start(t, ["clients/croupier.ts", "dev", game.folder], { PORT: "0", ADMIN_PORT: "0", DRAIN_WINDOW: "0" }));
}

/** Users 1 and 2 in room 1 of the game, which have counted to 1. */
async function counting(entrance: { port: number }): Promise<[Player, Player]> {
  const metadata = { game_name: "counter" };
  const first = await Player.seated(entrance.port, 1, metadata);
  await first.hearUntil("Print");
  const second = await Player.seated(entrance.port, 2, metadata);
  await second.hearUntil("Print");
  first.send(count);
  await Promise.all([first, second].map((player) => player.hearUntil("Print count 1")));
  return [first, second];
}

/** Changes the game, and gives what the server says of that. */
async function swapped(server: Server, change: () => void): Promise<string> {
  const from = server.lines.length;
  change();
  const line = read(await server.loggedFrom("game swap", from));
  return `${line["log.level"]}: ${line["event.reason"]}`;
}

test("[dev] GAMES takes the path of a module, beside names, also from where the process was started", async (t) => {
  const game = new OutsideGame(t);
  const server = await Server.start(t, "single.ts", { GAMES: `dice,${relative(process.cwd(), game.path)}` });
  await counting(server);
  const dice = await Player.seated(server.port, 3);
  assert.deepEqual(await dice.hear(2), ["SitDown 3@0", "Scene playing {}"]);
  const rocket = await Player.seated(server.port, 4, { game_name: "rocket" });
  assert.deepEqual(await rocket.hear(), ["Error 119 unknown game"]);
});

test("[dev] a game server of its own deals it to a gate that has never heard of it", async (t) => {
  const game = new OutsideGame(t);
  const server = await Server.start(t, "game_server/main.ts", { GAMES: game.path });
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `counter=127.0.0.1:${server.port}` });
  await gate.logged("link up");
  await counting(gate);
});

test("[dev][start] what is no game is said in one sentence, with 78", async (t) => {
  const game = new OutsideGame(t);
  const broken: [file: string, text: string, sentence: RegExp][] = [
    ["empty.ts", "export const rules = {};", /exports no `game`\.$/],
    ["default.ts", "export default {};", /exports no `game`\.$/],
    ["number.ts", "export const game = 7;", /exports a `game` that is none: it is no object\.$/],
    ["name.ts", "export const game = { name: '10.0.0.1:80' };", /its `name` must be lower case/],
    ["version.ts", "export const game = { name: 'a', version: '1' };", /its `version` must be a whole number from 0 to 4294967295\.$/],
    [
      "late.ts",
      "export const game = { name: 'a', version: 20260730120000 };",
      /its `version` must be a whole number from 0 to 4294967295\.$/,
    ],
    ["handler.ts", "export const game = { name: 'a', version: 1, open() {} };", /it has no `arrive`\.$/],
    [
      "protocol.ts",
      `${handlers} export const game = { ...rules, protocol: { name: 'a' } };`,
      /its `protocol` is none that `defineGame` has made\.$/,
    ],
    ["waits.ts", "await new Promise(() => {});", /waits\.ts does not load: an await in it has not ended after 5 s\.$/],
    ["syntax.ts", "export const game = {", /syntax\.ts does not load: Unexpected token .*, at file:.*syntax\.ts:1\.$/],
    ["throws.ts", "throw new Error('not today');", /throws\.ts does not load: not today\.$/],
    ["lost.ts", "import 'nowhere';", /lost\.ts does not load: Cannot find package 'nowhere'/],
  ];
  for (const [file, text] of broken) game.write(file, text);
  const cases: [games: string, sentence: RegExp][] = [
    ...broken.map(([file, , sentence]): [string, RegExp] => [join(game.folder, file), sentence]),
    [join(game.folder, "none.ts"), /none\.ts does not load: Cannot find module/],
    [`${game.path},${game.path}`, /^croupier: GAMES has two games of the name counter\.$/],
  ];
  for (const [games, sentence] of cases) {
    const run = start(t, ["game_server/main.ts"], { GAMES: games, ADMIN_PORT: "0", PORT: "0", JOURNAL: "memory" });
    assert.deepEqual(await run.exited, { code: 78, signal: null }, games);
    assert.match(run.errors.trim(), sentence);
    assert.match(run.errors, /^croupier: [^\n]+\n$/);
  }
});

test("[dev] a changed module takes over its rooms: same sockets, same life, same seats, same state", async (t) => {
  const game = new OutsideGame(t);
  const server = await dev(t, game);
  const [first, second] = await counting(server);
  /** All of the one room but for what is counted and said in it. */
  const kept = (): Record<string, unknown> => {
    const [row, ...others] = storedRows(join(game.folder, "data"));
    assert.deepEqual(others, []);
    const { life, epoch, boot, owner, openedAtMs, timers, random, seats } = JSON.parse(row?.value ?? "{}") as RoomValue;
    return {
      life,
      epoch,
      boot,
      owner,
      openedAtMs,
      timers,
      random,
      seats: seats.map(({ user, index, claims }) => ({ user, index, claims })),
    };
  };
  const before = kept();
  assert.equal((before["random"] as RoomValue["random"]).drawn, 1);

  assert.equal(await swapped(server, () => game.edit("count += 1", "count += 10")), "info: changed: game.ts");
  first.send(count);
  for (const player of [first, second]) assert.deepEqual(await player.hear(), ["Print count 11"]);

  assert.equal(await swapped(server, () => game.edit("count", "Count", "words.ts")), "info: changed: words.ts", "what it imports, too");
  second.send(count);
  for (const player of [first, second]) assert.deepEqual(await player.hear(), ["Print Count 21"]);

  assert.deepEqual(kept(), before);
  assert.deepEqual(
    [first, second].map(({ socket }) => socket.readyState),
    [1, 1],
  );
});

test("[dev] a module that does not load, or whose rooms cannot go on, changes nothing and says why", async (t) => {
  const game = new OutsideGame(t);
  const server = await dev(t, game);
  const [first] = await counting(server);
  const mistakes: [before: string, after: string, why: RegExp][] = [
    ["count += 1;", "count += ;", /game\.ts does not load: .* at file:.*game\.ts\?v=\d+:\d+\. Everything plays on/],
    ["version: 1", "version: 0", /counter\/1 cannot go on: its state has version 1, this release knows 0/],
    ["version: 1", "version: 2", /counter\/1 cannot go on: this release cannot upgrade a state of version 1/],
    ["version: 1,", "version: 2, upgrade() { throw new Error('too old') },", /counter\/1 cannot go on: too old/],
    ["(_table, state) => ", "(_table, state) => state.gone.toString() + ", /counter\/1 cannot go on: Cannot read properties of undefined/],
    ['"counter"', '"another"', /its name is another now, which needs a restart/],
  ];
  for (const [at, [before, after, why]] of mistakes.entries()) {
    assert.match(await swapped(server, () => game.edit(before, after)), new RegExp(`^error: .*${why.source}`));
    first.send(count);
    assert.deepEqual(await first.hear(), [`Print count ${at + 2}`], "as before");
    assert.match(await swapped(server, () => game.edit(after, before)), /^info/);
  }
});

test("[dev] a module of a higher version upgrades the states of its rooms", async (t) => {
  const game = new OutsideGame(t);
  const server = await dev(t, game);
  const [first] = await counting(server);
  const upgrade = "version: 2, upgrade: (state, from) => ({ count: 100 * from + (state as State).count }),";
  assert.match(await swapped(server, () => game.edit("version: 1,", upgrade)), /^info/);
  first.send(count);
  assert.deepEqual(await first.hear(), ["Print count 102"]);
  const [row] = storedRows(join(game.folder, "data"));
  assert.equal((JSON.parse(row?.value ?? "{}") as { version: number }).version, 2);
});

test("[dev][P1] rooms of an earlier start that its module cannot read come back with one that can", async (t) => {
  const game = new OutsideGame(t);
  const before = await dev(t, game);
  await counting(before);
  before.signal("SIGTERM");
  await before.exited;
  game.edit("version: 1,", "version: 2,");
  const server = await dev(t, game);
  await server.logged("room unreadable");
  await Player.seated(server.port, 2, { game_name: "counter", room_id: "2" }); // he waits no longer
  const upgrade = "version: 2, upgrade: (state) => state as State,";
  assert.match(await swapped(server, () => game.edit("version: 2,", upgrade)), /^info/);
  const player = await Player.seated(server.port, 1, { game_name: "counter" });
  assert.deepEqual((await player.hearUntil("Print")).at(-1), "Print count 1");
  const { rooms } = JSON.parse((await server.admin("/rooms?user=2")).body) as RoomsPageView;
  assert.deepEqual(
    rooms.map(({ id }) => id),
    ["2"],
    "nobody sits in two rooms",
  ); // P1
});

test("[dev] not in production, and not without a game", async (t) => {
  const game = new OutsideGame(t);
  const cases: [folder: string, env: Record<string, string>, sentence: RegExp][] = [
    [game.folder, { ENV: "prod" }, /^croupier dev is for development, and ENV is prod/],
    [join(game.folder, "none"), {}, /^there is no .*none: croupier new makes such a folder\.$/m],
    [join(game.folder, "node_modules"), {}, /^there is no .*node_modules\/game\.ts/],
  ];
  for (const [folder, env, sentence] of cases) {
    const run = start(t, ["clients/croupier.ts", "dev", folder], { PORT: "0", ADMIN_PORT: "0", ...env });
    assert.equal((await run.exited).code, 78);
    assert.match(run.errors, sentence);
  }
  assert.ok(!existsSync(join(game.folder, "data")));
});
