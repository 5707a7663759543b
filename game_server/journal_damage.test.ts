/** Damage to a journal's files (F14), one kind after the other; tests/faults/f14_damaged_journal.fault.ts does it at every byte. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { closedJournal, judge, killedJournal, main, wal, wholeEvening } from "#tests/support/damaged_journal.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { listeningLog, loaded, openHere, startWriter } from "#tests/support/journal_at_hand.ts";
import { contentsAfter } from "#tests/support/journal_evening.ts";
import { start } from "#tests/support/process.ts";
import { says } from "#tests/support/said.ts";
import { SmallDisk } from "#tests/support/small_disk.ts";
import { pageBytes } from "./journal_database.ts";
import { lookAt } from "./journal_look.ts";
import { replaceDatabase } from "./journal_repair.ts";
import { journalFormat, lineOf, type State, stateOf } from "./journal_state.ts";

const noState = { format: journalFormat, id: "0".repeat(16), boot: 1, clockMs: 0, turns: 0, rooms: 0, roomsSum: 0 };

test("[F14] files that are empty, garbage, gone or another journal's", async (t) => {
  const other = dataFolder(t);
  await startWriter(t, other, 1, 2, "close").exited;
  for (const [files, file] of [
    [killedJournal, main],
    [killedJournal, wal],
    [killedJournal, `${main}-shm`],
    [killedJournal, "journal.turns"],
    [closedJournal, main],
    [closedJournal, "journal.turns"],
  ] as const) {
    const source = await files(t);
    const path = (folder: string): string => join(folder, file);
    await judge(source, `${file} is empty`, (folder) => truncateSync(path(folder)));
    await judge(source, `${file} is garbage`, (folder) => writeFileSync(path(folder), "garbage ".repeat(4096)));
    await judge(source, `${file} is gone`, (folder) => rmSync(path(folder)));
    if (file === "journal.turns") await judge(source, `${file} is another journal's`, (folder) => cpSync(path(other), path(folder)));
  }
});

test("[F14] what is left of a file, and half a change beside it: no crash loop", async (t) => {
  await judge(await closedJournal(t), "cut, with a change to take back", (folder) => {
    truncateSync(join(folder, main), 2);
    writeFileSync(join(folder, `${main}-journal`), "\u0001");
  });
});

test("[F14] a broken room costs that room, a broken page those on it", async (t) => {
  const folder = dataFolder(t);
  const rooms = 200;
  const journal = await openHere(folder);
  const kept = Array.from({ length: rooms }, (_, at) => ({ life: `life ${at}`, value: `${at} `.repeat(200) }));
  journal.commit({ clockMs: 1, kept, ended: [] });
  journal.close();
  const bytes = readFileSync(join(folder, main));
  bytes.write("?", bytes.indexOf("77 77 77"));
  writeFileSync(join(folder, main), bytes);
  const one = await openHere(folder);
  assert.deepEqual([loaded(one).size, one.damage], [rooms - 1, { rooms: 1, turns: 0 }]);
  one.close();
  const page = Math.floor(readFileSync(join(folder, main)).indexOf("99 99 99") / pageBytes) * pageBytes;
  const garbled = readFileSync(join(folder, main)).fill(0xff, page, page + pageBytes);
  writeFileSync(join(folder, main), garbled);
  const many = await openHere(folder);
  const left = loaded(many).size;
  assert.ok(left > rooms - 10 && left < rooms - 1, `${left} rooms are left`);
  assert.equal(many.damage.rooms, rooms - 1 - left);
  many.close();
});

test("[F14] whole rows of another time are noticed: an older value, a room that is over", async (t) => {
  const folder = dataFolder(t);
  const journal = await openHere(folder);
  const room = (life: string, value: string) => ({ life, value });
  journal.commit({ clockMs: 1, kept: [room("a", "old"), room("b", "old")], ended: [] });
  const path = join(folder, main);
  const look = new DatabaseSync(path, { readOnly: true });
  const rows = look.prepare("SELECT * FROM rooms").all() as unknown as { slot: number; life: string; crc: number; value: string }[];
  look.close();
  journal.commit({ clockMs: 2, kept: [room("a", "new"), room("c", "new")], ended: ["b"] });
  journal.close();
  for (const { slot, life, crc, value } of rows) {
    const database = new DatabaseSync(path);
    database.prepare("INSERT OR REPLACE INTO rooms VALUES (?, ?, ?, ?)").run(slot, life, crc, value);
    database.close();
    const log = listeningLog();
    const again = await openHere(folder, log);
    assert.deepEqual([again.damage, log.events.includes("journal damage")], [{ rooms: 1, turns: 0 }, true]);
    again.close();
  }
});

test("[F14] a state is damaged whose checksum is right and whose fields are not: nothing of it is believed", async (t) => {
  const folder = dataFolder(t);
  const good = { ...noState, id: "a".repeat(16), turns: 3, rooms: 1, roomsSum: 7 };
  assert.deepEqual(stateOf(lineOf(good)), good);
  assert.ok(stateOf(lineOf({ ...good, format: journalFormat + 1, boot: Number.NaN })), "a newer format is not ours to judge");
  const wrong = [
    { id: "__proto__" },
    { boot: 2 ** 32 },
    { boot: 0.5 },
    { turns: -1 },
    { clockMs: Number.NaN },
    { rooms: {} },
    { roomsSum: null },
    { format: 0 },
  ];
  for (const fields of wrong) assert.equal(stateOf(lineOf({ ...good, ...fields } as State)), undefined, JSON.stringify(fields));
  writeFileSync(join(folder, "journal.turns"), lineOf({ ...good, turns: -1 }));
  const log = listeningLog();
  const journal = await openHere(folder, log);
  assert.deepEqual([journal.boot, journal.damage, log.events], [1, { rooms: 0, turns: 0 }, ["journal damage"]]);
  journal.close();
});

test("[F14] damage is set aside, and of much damage only the last is kept", async (t) => {
  const source = await closedJournal(t);
  const aside = (): string[] =>
    readdirSync(source)
      .filter((file) => /damaged-\d+$/.test(file))
      .toSorted();
  for (let time = 1; time <= 5; time++) {
    const bytes = readFileSync(join(source, main));
    bytes.fill(0xff, bytes.length - 2 * pageBytes);
    writeFileSync(join(source, main), bytes);
    const log = listeningLog();
    (await openHere(source, log)).close();
    assert.deepEqual(log.events, ["journal damage", "journal damage"], "what is lost, and where it is kept");
    assert.ok(readFileSync(join(source, aside().at(-1) ?? "")).equals(bytes));
  }
  assert.deepEqual(
    aside(),
    [3, 4, 5].map((number) => `${main}.damaged-${number}`),
  );
});

test("[F14][F2] a repair that was cut short is finished by the next start", async (t) => {
  const [whole, broken] = [await closedJournal(t), await killedJournal(t)];
  cpSync(join(whole, "journal.turns"), join(broken, "journal.turns"));
  cpSync(join(whole, main), join(broken, `${main}.whole`));
  writeFileSync(join(broken, `${main}.new`), "half a databa");
  for (const moved of [[], [wal], [wal, `${main}-shm`], [wal, `${main}-shm`, main]]) {
    await judge(broken, `with ${moved.length} files moved`, (folder) => {
      for (const file of moved) cpSync(join(folder, file), join(folder, file.replace(main, `${main}.damaged-1`)));
      for (const file of moved) rmSync(join(folder, file));
    });
  }
});

test("[F14][F2] files that were being set aside when the process was killed are kept together", async (t) => {
  const [whole, broken] = [await closedJournal(t), await killedJournal(t)];
  cpSync(join(whole, "journal.turns"), join(broken, "journal.turns"));
  cpSync(join(whole, main), join(broken, `${main}.whole`));
  renameSync(join(broken, wal), join(broken, `${main}.damaged-1-wal`));
  (await openHere(broken)).close();
  assert.deepEqual(
    readdirSync(broken).filter((file) => file.includes("sqlite.damaged")),
    ["", "-shm", "-wal"].map((suffix) => `${main}.damaged-1${suffix}`),
  );
});

test("[F14] a room is told once: as broken, or as missing", async (t) => {
  const folder = dataFolder(t);
  const journal = await openHere(folder);
  const kept = ["a", "b", "c"].map((life) => ({ life, value: life.repeat(100) }));
  journal.commit({ clockMs: 1, kept, ended: [] });
  journal.close();
  const database = new DatabaseSync(join(folder, main));
  database.exec("UPDATE rooms SET value = 'z' WHERE life = 'a'");
  assert.deepEqual(lookAt(folder).faults, ["rooms that cannot be read: 1"]);
  database.exec("DELETE FROM rooms WHERE life = 'b'");
  assert.deepEqual(lookAt(folder).faults, ["rooms that cannot be read: 1", "rooms that are missing or not as they were: 1"]);
  database.close();
});

test("[journal] a folder that is missing is made, with those above it", async (t) => {
  const folder = join(dataFolder(t), "not", "there");
  const log = listeningLog();
  const journal = await openHere(folder, log);
  journal.close();
  assert.deepEqual(log.events, []);
});

test("[journal] a first start that was killed at any point is no damage", async (t) => {
  const first = dataFolder(t);
  (await openHere(first)).close();
  for (const there of [["journal.lock"], ["journal.lock", "journal.turns"], ["journal.turns", `${main}.new`], ["journal.turns", main]]) {
    const folder = dataFolder(t);
    for (const file of there) cpSync(join(first, file.replace(".new", "")), join(folder, file));
    const log = listeningLog();
    const journal = await openHere(folder, log);
    assert.deepEqual([...journal.load()], []);
    journal.close();
    assert.deepEqual(log.events, [], there.join());
  }
});

test("[journal][F13] a first start that waits for space and is killed is no damage", async (t) => {
  const disk = SmallDisk.mount(t, { size: "2m" });
  if (disk === undefined) return;
  disk.fill();
  const starting = start(t, ["game_server/main.ts"], { DATA_DIR: disk.folder, PORT: "0", ADMIN_PORT: "0" });
  await starting.until(says("journal full"));
  starting.child.kill("SIGKILL");
  await starting.exited;
  disk.free();
  const log = listeningLog();
  (await openHere(disk.folder, log)).close();
  assert.deepEqual(log.events, []);
});

for (const [what, put] of Object.entries({
  "a folder": (path: string) => cpSync(import.meta.dirname, path, { recursive: true }),
  "on a bad sector": (path: string) => symlinkSync("/proc/self/mem", path), // EIO, as from such a disk
})) {
  test(`[F14] a journal.turns that is ${what} is set aside, whatever was set aside before, and no room is lost`, async (t) => {
    const source = await closedJournal(t);
    for (let time = 0; time < 2; time++) {
      rmSync(join(source, "journal.turns"), { recursive: true });
      put(join(source, "journal.turns"));
      assert.match(lookAt(source).faults.join(), /journal.turns is damaged/);
      const log = listeningLog();
      const journal = await openHere(source, log);
      assert.deepEqual([loaded(journal), journal.damage], [contentsAfter(wholeEvening), { rooms: 0, turns: 0 }]);
      assert.ok(log.events.includes("journal damage"));
      journal.close();
      assert.ok(existsSync(join(source, "journal.turns.damaged")));
    }
    assert.deepEqual(lookAt(source).faults, []);
  });
}

test("[journal][F2] a new database needs no further step: it is put in place as one with a WAL", async (t) => {
  const folder = dataFolder(t);
  replaceDatabase(folder, [], noState);
  const [writeVersion, readVersion] = readFileSync(join(folder, main)).subarray(18, 20); // sqlite.org/fileformat.html
  assert.deepEqual([writeVersion, readVersion, readdirSync(folder)], [2, 2, [main]]);
});

test("[journal][F2] a change of the database that was cut short is taken back, by the next start and by an operator's look", async (t) => {
  const folder = dataFolder(t);
  (await openHere(folder)).close();
  const killed = `
    const database = new (require("node:sqlite").DatabaseSync)(${JSON.stringify(join(folder, main))});
    database.exec("PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN; CREATE TABLE half (a)");
    const insert = database.prepare("INSERT INTO half VALUES (randomblob(4000))");
    for (let row = 0; row < 50; row++) insert.run();
    process.kill(process.pid, "SIGKILL");`;
  assert.equal((await start(t, ["--eval", killed]).exited).signal, "SIGKILL");
  assert.ok(readdirSync(folder).includes(`${main}-journal`));
  assert.deepEqual(lookAt(folder).faults, []);
  assert.ok(readdirSync(folder).includes(`${main}-journal`), "the look has changed nothing");
  const log = listeningLog();
  const journal = await openHere(folder, log);
  assert.deepEqual([journal.boot, log.events], [2, []]);
  journal.close();
});
