/** The journal in SQLite: what it keeps, who may open it, and what damage and a full disk do to it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { dataFolder } from "#tests/support/data_folder.ts";
import { listeningLog, loaded, openHere, startWriter } from "#tests/support/journal_at_hand.ts";
import { contentsAfter, turnOf } from "#tests/support/journal_evening.ts";
import { spawnRun, start } from "#tests/support/process.ts";
import { has } from "#tests/support/skip.ts";
import { SmallDisk } from "#tests/support/small_disk.ts";
import { JournalFull } from "./journal.ts";
import { lookAt } from "./journal_look.ts";
import { journalFormat, lineOf, stateOf } from "./journal_state.ts";

const wholeEvening = 30;

test("[journal] what was kept is loaded again, what has ended is not; the id stays, every opening is a higher boot", async (t) => {
  const folder = dataFolder(t);
  const first = await openHere(folder);
  assert.deepEqual([...first.load()], []);
  assert.deepEqual(
    { boot: first.boot, clockMs: first.clockMs, damage: first.damage },
    { boot: 1, clockMs: 0, damage: { rooms: 0, turns: 0 } },
  );
  for (let turn = 1; turn <= wholeEvening; turn++) first.commit(turnOf(turn));
  first.close();

  const second = await openHere(folder);
  assert.deepEqual(loaded(second), contentsAfter(wholeEvening));
  assert.deepEqual([...second.load()], [], "it is read once");
  assert.equal(second.id, first.id);
  assert.match(second.id, /^[0-9a-f]{16}$/);
  assert.equal(second.boot, 2);
  assert.equal(second.clockMs, turnOf(wholeEvening).clockMs);
  second.close();

  const third = await openHere(folder);
  assert.deepEqual(loaded(third), contentsAfter(wholeEvening), "an opening that commits nothing takes nothing away");
  assert.deepEqual([third.id, third.boot, third.clockMs], [first.id, 3, second.clockMs]);
  third.close();
});

test("[journal] each journal has an id of its own", async (t) => {
  const [one, other] = [await openHere(dataFolder(t)), await openHere(dataFolder(t))];
  assert.notEqual(one.id, other.id);
  one.close();
  other.close();
});

test("[journal] lives that end twice, or were never kept, are no lost rooms, and hide none", async (t) => {
  const folder = dataFolder(t);
  const journal = await openHere(folder);
  journal.commit({ clockMs: 1, kept: ["a", "b", "c"].map((life) => ({ life, value: "{}" })), ended: ["never", "kept"] });
  journal.commit({ clockMs: 2, kept: [], ended: ["a", "a"] });
  journal.commit({ clockMs: 3, kept: [], ended: ["a", "never"] });
  journal.close();
  const again = await openHere(folder);
  assert.deepEqual([...loaded(again).keys()], ["b", "c"]);
  assert.deepEqual(again.damage, { rooms: 0, turns: 0 });
  again.commit({ clockMs: 4, kept: [], ended: ["never", "a"] });
  again.close();

  const database = new DatabaseSync(join(folder, "journal.sqlite"));
  database.exec("DELETE FROM rooms WHERE life = 'b'");
  database.close();
  const log = listeningLog();
  const robbed = await openHere(folder, log);
  assert.deepEqual([...loaded(robbed).keys()], ["c"]);
  assert.deepEqual(robbed.damage, { rooms: 1, turns: 0 });
  assert.ok(log.events.includes("journal damage"));
  robbed.close();
});

test("[P1][journal] a second opening waits while a process has it, and goes on when that is killed", async (t) => {
  const folder = dataFolder(t);
  const holder = startWriter(t, folder, 1, wholeEvening, "hold");
  await holder.until((line) => line === "written");
  const log = listeningLog();
  let isOpen = false;
  const opening = openHere(folder, log).then((journal) => {
    isOpen = true;
    return journal;
  });
  await sleep(400);
  assert.equal(isOpen, false);
  assert.deepEqual(log.events, ["journal wait"], "said once");
  holder.child.kill("SIGKILL");
  const journal = await opening;
  assert.equal(journal.boot, 2);
  assert.deepEqual(loaded(journal), contentsAfter(wholeEvening));
  assert.deepEqual(journal.damage, { rooms: 0, turns: 0 });
  journal.close();
});

test("[P1][journal] of several that wait, one at a time gets it", async (t) => {
  const folder = dataFolder(t);
  const first = await openHere(folder);
  let openNow = 0;
  const boots: number[] = [];
  const others = Array.from({ length: 4 }, async () => {
    const journal = await openHere(folder);
    openNow += 1;
    assert.equal(openNow, 1);
    boots.push(journal.boot);
    await sleep(20);
    openNow -= 1;
    journal.close();
  });
  await sleep(50);
  first.close();
  await Promise.all(others);
  assert.deepEqual(boots, [2, 3, 4, 5]);
});

test("[P1][journal] a boot that another one has followed writes nothing more", async (t) => {
  const folder = dataFolder(t);
  const journal = await openHere(folder);
  journal.commit(turnOf(1));
  rmSync(join(folder, "journal.lock"));
  const successor = await openHere(folder);
  assert.equal(successor.boot, 2);
  assert.throws(() => journal.commit(turnOf(2)), /another boot has written to this journal/);
  journal.close();
  successor.close();
  const after = await openHere(folder);
  assert.deepEqual(loaded(after), contentsAfter(1));
  after.close();
});

test("[journal] a lock file of garbage locks nobody out", async (t) => {
  const folder = dataFolder(t);
  writeFileSync(join(folder, "journal.lock"), "garbage, and a lot of it ".repeat(100));
  const journal = await openHere(folder);
  let isOpen = false;
  const second = openHere(folder).then((opened) => {
    isOpen = true;
    return opened;
  });
  await sleep(250);
  assert.equal(isOpen, false, "and it still locks");
  journal.close();
  (await second).close();
});

test("[P2][journal] a turn whose process was killed right after its commit is there", async (t) => {
  const folder = dataFolder(t);
  for (const [first, last] of [
    [1, 1],
    [2, 9],
    [10, 10],
    [11, wholeEvening],
  ] as const) {
    const { signal } = await startWriter(t, folder, first, last, "kill").exited;
    assert.equal(signal, "SIGKILL");
  }
  const log = listeningLog();
  const journal = await openHere(folder, log);
  assert.deepEqual(loaded(journal), contentsAfter(wholeEvening));
  assert.equal(journal.clockMs, turnOf(wholeEvening).clockMs);
  assert.equal(journal.boot, 5);
  assert.deepEqual(log.events, []);
  journal.close();
});

test("[F13][journal] no space: nothing is half written, and the same commit succeeds when there is some", async (t) => {
  const disk = SmallDisk.mount(t, { size: "2m" });
  if (disk === undefined) return;
  const journal = await openHere(disk.folder);
  journal.commit(turnOf(1));
  disk.fill();
  const big = {
    clockMs: 99,
    kept: [...turnOf(2).kept, { life: "b".repeat(16), value: JSON.stringify("x".repeat(100_000)) }],
    ended: [turnOf(1).kept[0]?.life ?? ""],
  };
  for (let attempt = 0; attempt < 3; attempt++) assert.throws(() => journal.commit(big), JournalFull);
  const { rows, faults } = lookAt(disk.folder);
  assert.deepEqual([rows.map(({ value }) => value), faults], [[...contentsAfter(1).values()], []]);
  disk.free();
  journal.commit(big);
  journal.close();
  const log = listeningLog();
  const again = await openHere(disk.folder, log);
  assert.deepEqual(loaded(again), new Map(big.kept.map(({ life, value }) => [life, value])));
  assert.equal(again.clockMs, 99);
  assert.deepEqual(log.events, []);
  again.close();
});

test("[F13][journal] no space, and then the process is killed: the turn that was refused is not there, every other is", async (t) => {
  const disk = SmallDisk.mount(t, { size: "2m" });
  if (disk === undefined) return;
  const writer = startWriter(t, disk.folder, 1, wholeEvening, "refuse");
  await writer.until((line) => line === "written");
  disk.fill();
  writer.write("go on\n");
  await writer.until((line) => line === "refused");
  assert.equal((await writer.exited).signal, "SIGKILL");
  const log = listeningLog();
  const opening = openHere(disk.folder, log);
  await sleep(600);
  disk.free();
  const journal = await opening;
  assert.deepEqual(loaded(journal), contentsAfter(wholeEvening));
  assert.deepEqual(journal.damage, { rooms: 0, turns: 0 });
  assert.ok(!log.events.includes("journal damage"));
  assert.deepEqual(
    log.events.filter((event) => event !== "journal wait"),
    log.events.includes("journal full") ? ["journal full", "journal heal"] : [],
  );
  journal.close();
});

test("[F13][journal] a start on a full disk waits for space, and takes nothing for damage", async (t) => {
  const disk = SmallDisk.mount(t, { size: "2m" });
  if (disk === undefined) return;
  await startWriter(t, disk.folder, 1, wholeEvening, "close").exited;
  disk.fill();
  const log = listeningLog();
  const opening = openHere(disk.folder, log);
  await sleep(600);
  assert.deepEqual(log.events, ["journal full"], "said once");
  disk.free();
  const journal = await opening;
  assert.deepEqual(loaded(journal), contentsAfter(wholeEvening));
  assert.deepEqual(log.events, ["journal full", "journal heal"]);
  journal.close();
});

test("[F13][journal] no file may be made: a start waits for that too, also for its lock", async (t) => {
  for (const left of [0, 1, 2, 3, 4]) {
    const disk = SmallDisk.mount(t, { size: "2m", files: 20 });
    if (disk === undefined) return;
    disk.useFiles(left);
    const log = listeningLog();
    const opening = openHere(disk.folder, log);
    await sleep(400);
    disk.free();
    (await opening).close();
    assert.deepEqual(log.events.slice(0, 2), ["journal full", "journal heal"], `${left} files left`);
    assert.ok(!log.events.includes("journal damage"));
  }
});

test("[P1][journal] a lock that may not be written locks nobody out, so the start ends with a sentence", async (t) => {
  const disk = SmallDisk.mount(t, { size: "2m" });
  if (disk === undefined) return;
  (await openHere(disk.folder)).close();
  disk.protect(".");
  const run = start(t, ["game_server/main.ts"], { DATA_DIR: disk.folder, PORT: "0", ADMIN_PORT: "0" });
  assert.deepEqual(await run.exited, { code: 78, signal: null });
  assert.match(run.errors, /^croupier: DATA_DIR "[^"]+" cannot be used: EROFS: [^\n]*journal\.lock'\.\n$/);
});

test("[F14][journal] a sound database that may not be written is no damage: the start ends with a sentence", async (t) => {
  const disk = SmallDisk.mount(t, { size: "2m" });
  if (disk === undefined) return;
  (await openHere(disk.folder)).close();
  disk.protect("journal.sqlite");
  const run = start(t, ["game_server/main.ts"], { DATA_DIR: disk.folder, PORT: "0", ADMIN_PORT: "0" });
  assert.deepEqual(await run.exited, { code: 78, signal: null });
  assert.match(run.errors, /^croupier: DATA_DIR "[^"]+" cannot be used: EROFS: [^\n]*journal\.sqlite'\.\n$/);
  assert.ok(!run.lines.some((line) => line.includes("journal damage")), run.lines.join("\n"));
});

test("[F13][journal] an error that no setting can mend ends the start with 1 and is told as a failure, with its stack", async (t) => {
  if (!has(t, "prlimit")) return;
  const env = { DATA_DIR: dataFolder(t), PORT: "0", ADMIN_PORT: "0" };
  const run = spawnRun(t, "prlimit", ["--fsize=0:0", process.execPath, "game_server/main.ts"], env);
  assert.deepEqual(await run.exited, { code: 1, signal: null });
  assert.match(run.lines.at(-1) ?? "", /"event.action":"failure".*EFBIG.*journal_state\.ts/);
  assert.equal(run.errors, "");
});

test("[F13][P2][journal] an error while the WAL is copied into the main file ends it, before the WAL grows", async (t) => {
  if (!has(t, "prlimit")) return;
  const folder = dataFolder(t);
  const rooms = Array.from({ length: 300 }, (_, at) => `life ${at}`);
  const keep = (life: string, letter: string) => ({ clockMs: 1, kept: [{ life, value: letter.repeat(50_000) }], ended: [] });
  const first = await openHere(folder);
  for (const life of rooms) first.commit(keep(life, "a"));
  first.close(); // now all of it is in the main file
  const limit = 10_000_000;
  assert.ok(statSync(join(folder, "journal.sqlite")).size > limit);
  const journal = await openHere(folder);
  t.after(() => spawnSync("prlimit", ["--pid", String(process.pid), "--fsize=unlimited:"]));
  assert.equal(spawnSync("prlimit", ["--pid", String(process.pid), `--fsize=${limit}:`]).status, 0);
  assert.throws(() => {
    for (const life of rooms.toReversed()) journal.commit(keep(life, "b"));
  }, /disk I\/O error/);
  const { size } = statSync(join(folder, "journal.sqlite-wal"));
  assert.ok(size < limit * 0.6, `a WAL of ${size} bytes`);
  journal.close();
});

test("[P2][journal] a room whose row somebody has taken away is not written down without a word", async (t) => {
  const folder = dataFolder(t);
  const journal = await openHere(folder);
  const keep = (value: string) => ({ clockMs: 1, kept: [{ life: "a", value }], ended: [] });
  journal.commit(keep("1"));
  const other = new DatabaseSync(join(folder, "journal.sqlite"));
  other.exec("DELETE FROM rooms");
  other.close();
  assert.throws(() => journal.commit(keep("2")), /row is gone/);
  journal.close();
});

test("[P7][journal] the WAL stays small over many turns, and is made small again after a reader held it", async (t) => {
  const folder = dataFolder(t);
  const journal = await openHere(folder);
  const walMegabytes = (): number => statSync(join(folder, "journal.sqlite-wal")).size / 1_000_000;
  const play = (turns: number): void => {
    for (let turn = 0; turn < turns; turn++) {
      const room = { life: `life ${turn % 7}`, value: `${turn} `.repeat(5000) };
      journal.commit({ clockMs: turn, kept: [room], ended: [] });
    }
  };
  play(1500);
  assert.ok(walMegabytes() < 6, `${walMegabytes()} MB`);
  const reader = new DatabaseSync(join(folder, "journal.sqlite"), { readOnly: true });
  reader.exec("BEGIN; SELECT * FROM state");
  play(1000);
  assert.ok(walMegabytes() > 20, `${walMegabytes()} MB`);
  reader.close();
  play(500);
  assert.ok(walMegabytes() < 20, `${walMegabytes()} MB`);
  journal.close();
});

test("[journal] a newer format is refused, and nothing of it is touched", async (t) => {
  const folder = dataFolder(t);
  await startWriter(t, folder, 1, wholeEvening, "close").exited;
  const database = new DatabaseSync(join(folder, "journal.sqlite"));
  const state = stateOf(String(database.prepare("SELECT line FROM state").get()?.["line"]));
  assert.ok(state);
  database.prepare("UPDATE state SET line = ?").run(lineOf({ ...state, format: journalFormat + 1 }));
  database.exec("ALTER TABLE rooms RENAME TO tables");
  database.close();
  const before = contentsOf(folder);
  const newer = "the journal was written by a newer release (format 2, this release knows 1)";
  await assert.rejects(openHere(folder), { message: newer });
  const run = start(t, ["game_server/main.ts"], { DATA_DIR: folder, PORT: "0", ADMIN_PORT: "0" });
  assert.deepEqual(await run.exited, { code: 78, signal: null });
  assert.equal(run.errors, `croupier: DATA_DIR ${JSON.stringify(folder)} cannot be used: ${newer}.\n`);
  assert.deepEqual(contentsOf(folder), before);
});

/** The files that hold something, as they are. */
function contentsOf(folder: string): Record<string, string> {
  const files = ["journal.sqlite", "journal.sqlite-wal", "journal.turns"].filter((file) => existsSync(join(folder, file)));
  const contents = files.map((file) => [file, readFileSync(join(folder, file), "base64")]);
  return Object.fromEntries(contents.filter(([, text]) => text !== ""));
}
