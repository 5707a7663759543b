/**
 * Damage to a journal's files (F14): after each, the journal opens, and either every room
 * that was committed is back as it was, or the damage is reported. With FULL=1 files are cut
 * at every byte and twenty times as many bits are flipped; otherwise it takes seconds.
 */
import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { listeningLog, loaded, newFolder, openHere, startWriter } from "#tests/support/journal_at_hand.ts";
import { type Contents, contentsAfter, turnOf } from "#tests/support/journal_evening.ts";
import { start } from "#tests/support/process.ts";
import { SmallDisk } from "#tests/support/small_disk.ts";
import { pageBytes } from "./journal_database.ts";
import { lookAt } from "./journal_look.ts";
import { replaceDatabase } from "./journal_repair.ts";
import { journalFormat } from "./journal_state.ts";

const isFull = process.env["FULL"] === "1";
const checkpointed = 9;
const wholeEvening = 16;
const headerBytes = 100;
const noState = { format: journalFormat, id: "0".repeat(16), boot: 1, clockMs: 0, turns: 0, rooms: 0, roomsSum: 0 };
const main = "journal.sqlite";
const wal = "journal.sqlite-wal";

/** The files as a kill -9 leaves them: some turns in the main file, the rest in the WAL. */
async function killedJournal(t: TestContext): Promise<string> {
  const folder = newFolder(t);
  await startWriter(t, folder, 1, checkpointed, "close").exited;
  assert.equal((await startWriter(t, folder, checkpointed + 1, wholeEvening, "kill").exited).signal, "SIGKILL");
  assert.deepEqual(
    readdirSync(folder).filter((file) => /sqlite|turns/.test(file)),
    [main, `${main}-shm`, wal, "journal.turns"],
  );
  return folder;
}

/** The files as a stop leaves them: everything in the main file. */
async function closedJournal(t: TestContext): Promise<string> {
  const folder = newFolder(t);
  for (const [first, last] of [
    [1, checkpointed],
    [checkpointed + 1, wholeEvening],
  ] as const)
    assert.equal((await startWriter(t, folder, first, last, "close").exited).code, 0);
  return folder;
}

/** Damages a copy, opens it, and judges what came back. */
async function judge(source: string, what: string, damage: (folder: string) => void): Promise<{ isReported: boolean }> {
  const folder = `${source}-copy`;
  try {
    cpSync(source, folder, { recursive: true });
    damage(folder);
    return await judgeOpening(folder, idOf(source));
  } catch (cause) {
    throw new Error(what, { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function judgeOpening(folder: string, id: string): Promise<{ isReported: boolean }> {
  const log = listeningLog();
  const journal = await openHere(folder, log);
  const rooms = loaded(journal);
  const isReported = log.events.includes("journal damage");
  const isWithoutLoss = journal.damage.rooms === 0 && journal.damage.turns === 0;
  if (isWithoutLoss) assert.ok(isDeepStrictEqual(rooms, contentsAfter(wholeEvening)), "every room is as it was");
  else assert.ok(isReported && isPartOfSomeTurn(rooms), "no value is changed");
  assert.deepEqual([journal.id, journal.boot, journal.clockMs], [id, 3, turnOf(wholeEvening).clockMs]);

  const more = { life: "c".repeat(16), value: "y".repeat(20_000) };
  journal.commit({ clockMs: 1e6, kept: [more], ended: [] });
  journal.close();
  const healed = listeningLog();
  const again = await openHere(folder, healed);
  assert.ok(isDeepStrictEqual(loaded(again), new Map([...rooms, [more.life, more.value]])), "it is kept as it was loaded");
  assert.deepEqual([again.damage, again.boot, healed.events], [{ rooms: 0, turns: 0 }, 4, []], "it is reported once");
  again.close();
  return { isReported };
}

/** Whether every value is what it was at one and the same turn. */
function isPartOfSomeTurn(rooms: Contents): boolean {
  return Array.from({ length: wholeEvening + 1 }, (_, turn) => contentsAfter(turn)).some((contents) =>
    [...rooms].every(([life, value]) => contents.get(life) === value),
  );
}

function idOf(folder: string): string {
  return /"id":"([0-9a-f]{16})"/.exec(readFileSync(join(folder, "journal.turns"), "latin1"))?.[1] ?? "";
}

/** Every number below `end`; a sample of about `count` unless FULL. */
function sample(end: number, count: number): number[] {
  const step = isFull ? 1 : Math.max(1, Math.floor(end / count));
  return Array.from({ length: Math.ceil(end / step) }, (_, at) => Math.min(end - 1, at * step + (at % 7)));
}

function flip(folder: string, file: string, bit: number): void {
  const path = join(folder, file);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  writeFileSync(path, bytes);
}

const timeout = isFull ? 3_600_000 : 60_000;

test("[F14] a WAL cut at every byte: always noticed", { timeout }, async (t) => {
  const source = await killedJournal(t);
  for (const bytes of sample(statSync(join(source, wal)).size, 250)) {
    const { isReported } = await judge(source, `WAL cut to ${bytes}`, (folder) => truncateSync(join(folder, wal), bytes));
    assert.ok(isReported, `the WAL cut to ${bytes} bytes is noticed`);
  }
});

for (const [files, count] of [
  [killedJournal, 50],
  [closedJournal, 150],
] as const) {
  test(`[F14] a main file cut at every byte, in a ${files.name}`, { timeout }, async (t) => {
    const source = await files(t);
    for (const bytes of sample(statSync(join(source, main)).size, count))
      await judge(source, `main file cut to ${bytes}`, (folder) => truncateSync(join(folder, main), bytes));
  });
}

for (const [files, file, count] of [
  [killedJournal, wal, 150],
  [killedJournal, main, 100],
  [killedJournal, `${main}-shm`, 50],
  [killedJournal, "journal.turns", 100],
  [closedJournal, main, 500],
] as const) {
  test(`[F14] bits of ${file} flipped, in a ${files.name}`, { timeout }, async (t) => {
    const source = await files(t);
    for (const bit of sample(statSync(join(source, file)).size * 8, isFull ? 20 * count : count)) {
      await judge(source, `${file} with bit ${bit} flipped`, (folder) => flip(folder, file, bit));
    }
  });
}

test("[F14] every bit of the main file's header flipped", { timeout }, async (t) => {
  const source = await closedJournal(t);
  for (let bit = 0; bit < headerBytes * 8; bit += isFull ? 1 : 3) await judge(source, `bit ${bit}`, (folder) => flip(folder, main, bit));
});

test("[F14] pages of the main file zeroed, swapped and filled with garbage", { timeout }, async (t) => {
  const source = await closedJournal(t);
  const pages = statSync(join(source, main)).size / pageBytes;
  for (let page = 0; page < pages; page++) {
    for (const [how, put] of Object.entries({
      zeroed: (bytes: Buffer) => bytes.fill(0, page * pageBytes, (page + 1) * pageBytes),
      "filled with garbage": (bytes: Buffer) => bytes.fill("garbage", page * pageBytes, (page + 1) * pageBytes),
      "replaced by its neighbour": (bytes: Buffer) => bytes.copy(bytes, page * pageBytes, ((page + 1) % pages) * pageBytes),
    })) {
      await judge(source, `page ${page} ${how}`, (folder) => {
        const bytes = readFileSync(join(folder, main));
        put(bytes.subarray(0));
        writeFileSync(join(folder, main), bytes);
      });
    }
  }
});

test("[F14] files that are empty, garbage, gone or another journal's", async (t) => {
  const other = newFolder(t);
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

test("[F14] a broken room costs that room, a broken page those on it", async (t) => {
  const folder = newFolder(t);
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
  const folder = newFolder(t);
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
  for (const moved of [[], [main], [main, wal, `${main}-shm`]]) {
    await judge(broken, `with ${moved.length} files moved`, (folder) => {
      for (const file of moved) cpSync(join(folder, file), join(folder, file.replace(main, `${main}.damaged-1`)));
      for (const file of moved) rmSync(join(folder, file));
    });
  }
});

test("[journal] a folder that is missing is made, with those above it", async (t) => {
  const folder = join(newFolder(t), "not", "there");
  const log = listeningLog();
  const journal = await openHere(folder, log);
  journal.close();
  assert.deepEqual(log.events, []);
});

test("[journal] a first start that was killed at any point is no damage", async (t) => {
  const first = newFolder(t);
  (await openHere(first)).close();
  for (const there of [["journal.lock"], ["journal.lock", "journal.turns"], ["journal.turns", `${main}.new`], ["journal.turns", main]]) {
    const folder = newFolder(t);
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
  await starting.until((line) => line.includes('"action":"journal full"'));
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
  const folder = newFolder(t);
  replaceDatabase(folder, [], noState);
  const [writeVersion, readVersion] = readFileSync(join(folder, main)).subarray(18, 20); // sqlite.org/fileformat.html
  assert.deepEqual([writeVersion, readVersion, readdirSync(folder)], [2, 2, [main]]);
});

test("[journal][F2] a change of the database that was cut short is taken back, by the next start and by an operator's look", async (t) => {
  const folder = newFolder(t);
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
