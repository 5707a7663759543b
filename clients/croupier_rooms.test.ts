/** The operator's command line on the rooms of one running game server, and of several. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { adminsOf, croupier, croupierAt } from "#tests/support/croupier.ts";
import { Player } from "#tests/support/player.ts";
import { Server } from "#tests/support/process.ts";
import { onTerminal } from "#tests/support/terminal.ts";

/** Rooms of dice with one player each, who has seen his table. */
async function dealing(t: TestContext, ...rooms: readonly string[]): Promise<{ server: Server; players: Player[] }> {
  const server = await Server.start(t, "game_server/main.ts");
  const players: Player[] = [];
  for (const room of rooms) {
    const player = await Player.seated(server.port, Number(room), { room_id: room });
    await player.hearUntil("Scene");
    players.push(player);
  }
  return { server, players };
}

function firstWords(lines: readonly string[]): string[] {
  return lines.slice(1).map((line) => line.split(/ +/)[0] ?? "");
}

test("[croupier] rooms ls chooses by game, user, phase, version and free seats, and ends at its limit", async (t) => {
  const { server } = await dealing(t, "1", "2", "3");
  await (await Player.seated(server.port, 9, { room_id: "9", game_name: "rocket" })).hearUntil("SitDown 9");
  const at = croupierAt(t, server);
  const rooms = async (filters: string): Promise<string[]> => firstWords((await at(`rooms ls ${filters}`)).lines).toSorted();
  assert.deepEqual(await rooms("--game rocket"), ["rocket/9"]);
  assert.deepEqual(await rooms("--user 2"), ["dice/2"]);
  assert.deepEqual(await rooms("--phase playing --version 1 --game dice --free"), ["dice/1", "dice/2", "dice/3"]);
  assert.deepEqual(await rooms("--version 99"), []);
  assert.equal((await rooms("--limit 2")).length, 2);
  const wrong = await at("rooms ls --user nobody");
  assert.deepEqual([wrong.code, wrong.lines], [1, []]);
  assert.match(wrong.errors, /^\S+ says 400: \S+user must be integer\.\n$/);
});

test("[croupier] a list of more than one page is whole", async (t) => {
  const asked: string[] = [];
  const lives = Array.from({ length: 2500 }, (_, at) => at.toString(16).padStart(16, "0"));
  const admin = await fakeListener(t, (request) => {
    asked.push(request.url ?? "");
    const { searchParams } = new URL(request.url ?? "", "http://here");
    const from = lives.indexOf(searchParams.get("after") ?? "") + 1;
    const rooms = lives.slice(from, from + Number(searchParams.get("limit")));
    const next = rooms.at(-1) === lives.at(-1) ? {} : { next: rooms.at(-1) };
    return { rooms: rooms.map((life) => ({ game: "dice", id: "1", life, seats: 4, free: 3 })), ...next };
  });
  const json = await croupier(t, "rooms ls --json", { CROUPIER_ADMIN: admin });
  assert.deepEqual(
    json.lines.map((line) => (JSON.parse(line) as { life: string }).life),
    lives,
  );
  assert.equal(asked.length, 3);
  assert.equal((await croupier(t, "rooms ls --limit 1200", { CROUPIER_ADMIN: admin })).lines.length, 1201);
});

test("[croupier] several processes are asked at once: one list, whose each room is, and what one of them does not say", async (t) => {
  const [one, two] = [await dealing(t, "1"), await dealing(t, "2")];
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${one.server.port}` });
  const at = croupierAt(t, one.server, two.server, gate);
  const { lines, errors, code } = await at("rooms ls");
  assert.deepEqual([code, errors], [0, ""], "a gate has no rooms, and nobody minds");
  assert.match(lines[0] ?? "", /^AT +ROOM +LIFE /);
  assert.match(lines[1] ?? "", new RegExp(`^${adminsOf(one.server)} +dice/1 `));
  assert.match(lines[2] ?? "", new RegExp(`^${adminsOf(two.server)} +dice/2 `));
  const json = (await at("rooms ls --json")).lines.map((line) => JSON.parse(line) as { admin: string; id: string });
  assert.deepEqual(
    json.map(({ admin, id }) => [admin, id]),
    [
      [adminsOf(one.server), "1"],
      [adminsOf(two.server), "2"],
    ],
  );
  assert.equal((await at("rooms show dice/2")).code, 0, "it is looked for");
  const nowhere = await at("rooms show dice/3");
  assert.deepEqual([nowhere.code, nowhere.errors.split("\n").filter((line) => line.includes(" says 404: ")).length], [1, 3]);
  const alone = await at("drain start");
  assert.deepEqual([alone.code, alone.lines], [78, []]);
  assert.match(alone.errors, /^this asks one process: name it with --admin\.\n/);
  two.server.signal("SIGKILL");
  await two.server.exited;
  const rest = await at("rooms ls");
  assert.deepEqual(
    [rest.code, rest.errors, firstWords(rest.lines)],
    [1, `nobody listens at ${adminsOf(two.server)}.\n`, [adminsOf(one.server)]],
  );
});

test("[croupier] rooms show: the room, who sits there, and what Print shows", async (t) => {
  const { server, players } = await dealing(t, "7");
  players[0]?.shake(6);
  await players[0]?.hearUntil("Shake");
  const at = croupierAt(t, server);
  const { lines } = await at("rooms show dice/7");
  assert.match(lines[1] ?? "", /^dice\/7 /);
  assert.match(lines[3] ?? "", /^SEAT +USER +STATE +SESSION$/);
  assert.match(lines[4] ?? "", /^0 +7 +online +[0-9a-f]{16}-\d+$/);
  assert.match(lines[6] ?? "", /^dice room 7, playing/);
  const { life, seated } = JSON.parse((await at("rooms show dice/7 --json")).lines.join("")) as { life: string; seated: unknown[] };
  assert.equal(seated.length, 1);
  assert.deepEqual((await at(`rooms show ${life}`)).lines.slice(3, 5), lines.slice(3, 5), "by its life, too");
  const missing = { code: 1, lines: [], errors: `${adminsOf(server)} says 404: no such room is played here.\n` };
  assert.deepEqual(await at("rooms show dice/8"), missing);
});

test("[croupier] rooms dissolve asks at a terminal, and does what it is told", async (t) => {
  const { server, players } = await dealing(t, "1", "2");
  const env = { CROUPIER_ADMIN: adminsOf(server) };
  for (const [answer, code] of [
    ["n\n", 1],
    ["\n", 1],
    ["\x04", 1],
    ["y\n", 0],
  ] as const) {
    const asked = onTerminal(t, "clients/croupier.ts rooms dissolve dice/1", env);
    asked.write(answer);
    assert.equal((await asked.exited).code, code, asked.text);
    assert.match(asked.text, /dissolve dice\/1 \(life [0-9a-f]{16}\), and send away 1 user\? \[y\/N\] /);
    assert.match(asked.text, code === 0 ? /dice\/1 \(life [0-9a-f]{16}\) is dissolved/ : /nothing was done\./);
    if (code !== 0) assert.deepEqual(await players[0]?.settle(), []);
  }
  await players[0]?.hearUntil("Disconnect 1");
  const nobody = await croupier(t, "rooms dissolve dice/2", env);
  assert.deepEqual([nobody.code, nobody.lines], [78, []]);
  assert.match(nobody.errors, /^it cannot be taken back, and nobody can be asked: say --yes\.\nusage: croupier rooms dissolve /);
  assert.deepEqual(await players[1]?.settle(), []);
  const { lines } = await croupier(t, "rooms dissolve dice/2 --yes --json", env);
  assert.deepEqual(Object.keys(JSON.parse(lines.join("")) as object), ["life"]);
  await players[1]?.hearUntil("Disconnect 1");
});

test("[croupier] a POST whose answer was lost is sent once more, with the same key; a DELETE is not", async (t) => {
  const asked: { method: string | undefined; key: unknown }[] = [];
  const serving = { stage: "serving", kind: "move", rooms: 0, players: 0, sessions: 0, waitsFor: "" };
  const admin = await fakeListener(t, ({ method, headers }) => {
    asked.push({ method, key: headers["idempotency-key"] });
    return asked.length === 1 || method === "DELETE" ? undefined : { ...serving, stage: "draining" };
  });
  const env = { CROUPIER_ADMIN: admin };
  const started = await croupier(t, "drain start", env);
  assert.deepEqual([started.code, started.errors], [0, ""]);
  assert.deepEqual(started.lines, ["draining (move), left: 0 rooms, 0 players, 0 sessions"]);
  assert.match(String(asked[0]?.key), /^[A-Za-z0-9_-]{16,64}$/);
  assert.deepEqual([asked.length, asked[1]], [2, asked[0]]);
  await croupier(t, "drain start", env);
  assert.notEqual(asked[2]?.key, asked[0]?.key, "another time is no repeat");
  asked.length = 0;
  const undone = await croupier(t, "drain undo", env);
  assert.deepEqual([undone.code, undone.errors], [1, `${admin} did not finish its answer.\n`]);
  assert.deepEqual(asked, [{ method: "DELETE", key: undefined }]);
});

test("[croupier] rooms rebalance says how far it is, and in JSON only how it ended", async (t) => {
  let looks = 0;
  const over = Promise.withResolvers<void>();
  const admin = await fakeListener(t, async ({ method }) => {
    if (method === "GET" && ++looks % 3 === 0) over.resolve();
    if (method === "GET") return { isUnderWay: true, moved: looks, left: 10 - looks };
    await over.promise;
    return { moved: 10, rooms: 5 };
  });
  const { lines } = await croupier(t, "rooms rebalance", { CROUPIER_ADMIN: admin });
  assert.deepEqual([lines[0], lines.at(-1)], ["1 room moved, 9 to go", "10 rooms moved, 5 still here"]);
  assert.deepEqual((await croupier(t, "rooms rebalance --json", { CROUPIER_ADMIN: admin })).lines, ['{"moved":10,"rooms":5}']);
});

/** A listener that answers as it is told; undefined: it cuts the connection instead. Its URL. */
async function fakeListener(t: TestContext, answer: (request: IncomingMessage) => unknown): Promise<string> {
  const listener = createServer(async (request, response) => {
    const said = await answer(request);
    if (said === undefined) request.socket.destroy();
    else response.end(JSON.stringify(said));
  });
  t.after(() => listener.close());
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}
