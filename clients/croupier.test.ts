/** The operator's command line on journals that real servers write, have written, or were killed over. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { dataFolder } from "#tests/support/data_folder.ts";
import { openHere, startWriter } from "#tests/support/journal_at_hand.ts";
import { PeerAtHand } from "#tests/support/peer_at_hand.ts";
import { Player } from "#tests/support/player.ts";
import { Server, start } from "#tests/support/process.ts";
import { SmallDisk } from "#tests/support/small_disk.ts";
import { commands } from "./croupier/commands.ts";
import { flags } from "./croupier/flags.ts";

/** What the command line said, and how it ended. */
async function croupier(t: TestContext, args: readonly string[], env: Record<string, string> = {}) {
  const run = start(t, ["clients/croupier.ts", ...args], env);
  const { code } = await run.exited;
  return { code, lines: run.lines, errors: run.errors };
}

/** A server with two rooms: dice/7 with users 1 and 2, of whom 1 has rolled, and rocket/10 with user 3. */
async function playingServer(t: TestContext, folder: string): Promise<{ server: Server; roller: Player }> {
  const server = await Server.start(t, "game_server/main.ts", { DATA_DIR: folder });
  const roller = await Player.seated(server.port, 1, { room_id: "7" });
  await roller.hearUntil("Scene");
  await (await Player.seated(server.port, 2, { room_id: "7" })).hearUntil("Scene");
  await (await Player.seated(server.port, 3, { room_id: "10", game_name: "rocket" })).hearUntil("SitDown 3");
  roller.shake(6);
  await roller.hearUntil("Shake 1 6");
  return { server, roller };
}

/** Every file of the folder, with its bytes and the time it was changed. */
function picture(folder: string): Record<string, unknown> {
  return Object.fromEntries(
    readdirSync(folder).map((file) => [file, [statSync(join(folder, file)).mtimeMs, readFileSync(join(folder, file), "base64")]]),
  );
}

async function looksTheSame(t: TestContext, folder: string): Promise<void> {
  const { code, lines, errors } = await croupier(t, ["journal", "ls", "--data-dir", folder]);
  assert.equal(errors, "");
  assert.match(lines[0] ?? "", /^journal [0-9a-f]{16}, boot 1, format 1, \d+ turns, clock \d+\.\d s, 2 rooms$/);
  assert.match(lines[1] ?? "", /^ROOM +LIFE +EPOCH +VERSION +SEATS +USERS +KEPT +TIMER +STATE +BYTES$/);
  assert.match(lines[2] ?? "", /^dice\/7 +[0-9a-f]{16} +1 +1 +2\/4 +1,2 +\d+ +\w+:\d+\.\ds +- +\d+$/);
  assert.match(lines[3] ?? "", /^rocket\/10 +[0-9a-f]{16} +1 +1 +1\/6 +3 /);
  assert.deepEqual([lines.length, code], [4, 0]);
  const sound = await croupier(t, ["journal", "check", "--data-dir", folder]);
  assert.match(sound.lines.join("\n"), /^sound: 2 rooms, \d+ turns$/);
  assert.equal(sound.code, 0);
}

test("[croupier] journal ls, show and check: of a running server and of a killed one, and nothing is changed", async (t) => {
  const folder = dataFolder(t);
  const { server, roller } = await playingServer(t, folder);
  const files = readdirSync(folder);
  await looksTheSame(t, folder);
  assert.deepEqual(readdirSync(folder), files);
  roller.shake(6);
  assert.deepEqual(await roller.hear(), ["Error 10001 already shaken the dice"], "the server plays on");

  server.signal("SIGKILL");
  await server.exited;
  const killed = picture(folder);
  await looksTheSame(t, folder);
  const shown = await croupier(t, ["journal", "show", "dice/7", "--data-dir", folder]);
  const room = JSON.parse(shown.lines.join("\n")) as { life: string; seats: { user: number }[]; state: unknown };
  assert.deepEqual(
    room.seats.map(({ user }) => user),
    [1, 2],
  );
  assert.equal(shown.lines[1], '  "game": "dice",');
  assert.deepEqual((await croupier(t, ["journal", "show", room.life, "--data-dir", folder])).lines, shown.lines);
  const short = await croupier(t, ["journal", "show", "dice/7", "--json", "--data-dir", folder]);
  assert.deepEqual([short.lines.length, JSON.parse(short.lines[0] ?? "")], [1, room]);
  assert.deepEqual(picture(folder), killed);
});

test("[croupier] the files of a stopped server are left as they are", async (t) => {
  const folder = dataFolder(t);
  const server = await Server.start(t, "game_server/main.ts", { DATA_DIR: folder });
  server.signal("SIGTERM");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  const stopped = picture(folder);
  assert.deepEqual((await croupier(t, ["journal", "check"], { DATA_DIR: folder })).lines, ["sound: 0 rooms, 0 turns"]);
  const checked = await croupier(t, ["journal", "check", "--json"], { DATA_DIR: folder });
  assert.deepEqual(JSON.parse(checked.lines.join("")), { isSound: true, rooms: 0, turns: 0, faults: [] });
  assert.deepEqual(picture(folder), stopped);
});

test("[croupier] journal ls --json is one line for machines", async (t) => {
  const folder = dataFolder(t);
  const { server } = await playingServer(t, folder);
  const { lines } = await croupier(t, ["journal", "ls", "--json"], { DATA_DIR: folder });
  assert.equal(lines.length, 1);
  const { id, boot, format, rooms, faults } = JSON.parse(lines[0] ?? "") as Record<string, unknown> & { rooms: Record<string, unknown>[] };
  assert.match(String(id), /^[0-9a-f]{16}$/);
  assert.deepEqual({ boot, format, faults }, { boot: 1, format: 1, faults: [] });
  const { life, bytes, keptOutputs, nextTimer, ...dice } = rooms[0] ?? {};
  assert.deepEqual(dice, { game: "dice", room: "7", epoch: 1, version: 1, playing: 4, isOver: false, seatsTaken: 2, users: [1, 2] });
  assert.deepEqual([typeof life, typeof bytes, typeof keptOutputs], ["string", "number", "number"]);
  assert.ok((nextTimer as { inMs: number }).inMs > 20_000);
  server.signal("SIGKILL");
});

test("[croupier] journal ls, show and check tell rooms that are on their way, and lives that are gone, from those that are played", async (t) => {
  const folder = dataFolder(t);
  const journal = await openHere(folder);
  const [played, leaving, coming] = [1, 2, 3].map((room) => PeerAtHand.room("dice", String(room), { boot: 1 }));
  assert.ok(played && leaving && coming);
  leaving.passage = { is: "outgoing", offer: "f2", to: "00000000000000cc" };
  coming.passage = { is: "incoming", offer: "f3", from: "00000000000000bb" };
  const gone = { is: "gone", game: "dice", room: "1", life: "00000000000000a9", epoch: 2, to: "cc", came: "", left: "f1", atMs: 1 };
  const kept = [played, leaving, coming, gone].map((value) => ({ life: value.life, value: JSON.stringify(value) }));
  journal.commit({ clockMs: 0, kept, ended: [] });
  journal.close();
  const ls = await croupier(t, ["journal", "ls", "--data-dir", folder]);
  assert.deepEqual([ls.code, ls.errors, ls.lines.length], [0, "", 5]);
  assert.match(ls.lines[0] ?? "", /, 3 rooms, 1 gone$/);
  assert.match(ls.lines[2] ?? "", /^dice\/1 +0{15}1 +1 +1 +0\/4 +- +0 +stay:3600\.0s +- +\d+$/);
  assert.match(ls.lines[3] ?? "", /^dice\/2 .* outgoing:0{14}cc +\d+$/);
  assert.match(ls.lines[4] ?? "", /^dice\/3 .* incoming:0{14}bb +\d+$/);
  const json = JSON.parse((await croupier(t, ["journal", "ls", "--json", "--data-dir", folder])).lines[0] ?? "") as Record<string, unknown>;
  assert.deepEqual([(json["rooms"] as unknown[]).length, json["gone"]], [3, 1]);
  assert.deepEqual((await croupier(t, ["journal", "check", "--data-dir", folder])).lines, ["sound: 3 rooms, 1 turn"]);
  for (const [which, life] of [
    ["dice/1", played.life],
    [gone.life, gone.life],
  ] as const) {
    const { lines } = await croupier(t, ["journal", "show", which, "--data-dir", folder]);
    assert.equal((JSON.parse(lines.join("\n")) as { life: string }).life, life);
  }
});

test("[croupier] a server that writes all the time is sound at every look", async (t) => {
  const folder = dataFolder(t);
  const { roller } = await playingServer(t, folder);
  const shaking = setInterval(() => roller.shake(), 20);
  t.after(() => clearInterval(shaking));
  for (let look = 0; look < 6; look++) {
    const { lines } = await croupier(t, ["journal", "check", "--data-dir", folder]);
    assert.match(lines.join("\n"), /^sound: 2 rooms/);
  }
});

test("[croupier][F14] a damaged journal is called damaged, with exit code 1, and is left for the server to repair", async (t) => {
  const folder = dataFolder(t);
  const { server } = await playingServer(t, folder);
  server.signal("SIGKILL");
  await server.exited;
  const wal = join(folder, "journal.sqlite-wal");
  truncateSync(wal, statSync(wal).size - 1);
  const before = picture(folder);
  for (let look = 0; look < 2; look++) {
    const check = await croupier(t, ["journal", "check", "--data-dir", folder]);
    assert.match(check.lines.join("\n"), /^turns that were committed and are gone: 1$/);
    assert.equal(check.code, 1);
  }
  const ls = await croupier(t, ["journal", "ls", "--data-dir", folder]);
  assert.equal(ls.lines.at(-1), "damaged: turns that were committed and are gone: 1");
  assert.equal(ls.code, 1);
  assert.deepEqual(picture(folder), before);
});

test("[croupier] what is not there is said in a sentence, with exit code 1", async (t) => {
  const folder = dataFolder(t);
  const none = { code: 1, lines: [], errors: `there is no journal in ${folder}.\n` };
  assert.deepEqual(await croupier(t, ["journal", "check"], { DATA_DIR: folder }), none);
  assert.deepEqual(readdirSync(folder), []);
  const missing = join(folder, "missing");
  assert.deepEqual((await croupier(t, ["journal", "ls", "--data-dir", missing])).errors, `there is no journal in ${missing}.\n`);
  await playingServer(t, folder);
  for (const which of ["dice/8", "7", "f".repeat(16)]) {
    const { code, errors } = await croupier(t, ["journal", "show", which, "--data-dir", folder]);
    assert.deepEqual([code, errors], [1, `the journal has no room ${JSON.stringify(which)}.\n`]);
  }
});

test("[croupier] a folder that cannot be looked into, and no space for the copy, are said in a sentence, with exit code 1", async (t) => {
  const folder = dataFolder(t);
  const loop = join(folder, "loop");
  symlinkSync(loop, loop);
  const { code, errors } = await croupier(t, ["journal", "check"], { DATA_DIR: loop });
  assert.equal(code, 1);
  assert.match(errors, /^the journal in \S+ cannot be read: ELOOP: [^\n]*\.\n$/);
  const disk = SmallDisk.mount(t, { size: "1m" });
  if (disk === undefined) return;
  disk.fill();
  await startWriter(t, folder, 1, 9, "close").exited;
  const full = await croupier(t, ["journal", "check"], { DATA_DIR: folder, TMPDIR: disk.folder });
  assert.equal(full.code, 1);
  assert.match(full.errors, /^the journal in \S+ cannot be read: ENOSPC: [^\n]*; it is copied into TMPDIR to be read\.\n$/);
});

test("[croupier] unknown words and flags end it with a sentence, the usage and 78; --help with the usage and 0", async (t) => {
  for (const args of [
    [],
    ["journal"],
    ["journal", "constructor"],
    ["journal", "show"],
    ["journal", "ls", "more"],
    ["completion"],
    ["completion", "tcsh"],
    ["completion", "bash", "--json"],
    ["rooms"],
    ["rooms", "dissolve"],
    ["rooms", "ls", "--limit", "0"],
    ["drain", "status", "--wait"],
    ["drain", "undo", "--data-dir", "here"],
    ["rooms", "ls", "all"],
    ["journal", "ls", "--nope"],
    ["journal", "ls", "--data-dir"],
  ]) {
    const { code, lines, errors } = await croupier(t, args);
    assert.deepEqual([code, lines], [78, []], args.join(" "));
    assert.match(errors, /^[^\n]+\nusage: croupier /);
  }
  const help = await croupier(t, ["--help"]);
  assert.deepEqual([help.code, help.errors], [0, ""]);
  for (const [name, { about }] of commands)
    assert.ok(help.lines.some((line) => line.startsWith(`  ${name} `) && line.endsWith(`  ${about}`)));
  for (const flag of Object.keys(flags))
    assert.ok(
      help.lines.some((line) => line.startsWith(`  --${flag} `)),
      flag,
    );
  const one = await croupier(t, ["rooms", "move", "--help"]);
  assert.equal(
    one.lines[0],
    "usage: croupier rooms move LIFE|GAME/ROOM [--to JOURNAL|ADDRESS] [--admin URL[,URL…]] [--token-file FILE] [--json]",
  );
  const wrong = await croupier(t, ["rooms", "move", "--yes"]);
  assert.equal(wrong.errors.split("\n")[1], one.lines[0]);
});
