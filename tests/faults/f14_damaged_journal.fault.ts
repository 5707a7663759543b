/**
 * F14: the files of a journal cut at every byte, and bits of them flipped. After each damage the
 * journal opens, and either every room is back as it was or the damage is told. What is told
 * when whole files are gone or exchanged is asked beside the journal (journal_damage.test.ts).
 */
import assert from "node:assert/strict";
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pageBytes } from "#game_server/journal_database.ts";
import { closedJournal, judge, killedJournal, main, wal } from "#tests/support/damaged_journal.ts";
import { isFull } from "./measure.ts";

const headerBytes = 100;
const flipsMax = 4000;
/** A judgement takes 10 ms, and there are up to a hundred thousand. */
const timeout = isFull ? 7_200_000 : 120_000;

/** Every number below `end`, or evenly spread ones, about `count`: then not all at the same place of a page or a word. */
function sample(end: number, count: number): number[] {
  const step = Math.max(1, Math.floor(end / count));
  return Array.from({ length: Math.ceil(end / step) }, (_, at) => Math.min(end - 1, at * step + (step > 7 ? at % 7 : 0)));
}

/** In full runs a file is cut at every byte. */
function cuts(folder: string, file: string, count: number): number[] {
  const { size } = statSync(join(folder, file));
  return sample(size, isFull ? size : count);
}

function flip(folder: string, file: string, bit: number): void {
  const path = join(folder, file);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  writeFileSync(path, bytes);
}

test("[F14] a WAL cut at every byte: always noticed", { timeout }, async (t) => {
  const source = await killedJournal(t);
  for (const bytes of cuts(source, wal, 80)) {
    const { isReported } = await judge(source, `WAL cut to ${bytes}`, (folder) => truncateSync(join(folder, wal), bytes));
    assert.ok(isReported, `the WAL cut to ${bytes} bytes is noticed`);
  }
});

for (const [files, count] of [
  [killedJournal, 30],
  [closedJournal, 50],
] as const) {
  test(`[F14] a main file cut at every byte, in a ${files.name}`, { timeout }, async (t) => {
    const source = await files(t);
    for (const bytes of cuts(source, main, count))
      await judge(source, `main file cut to ${bytes}`, (folder) => truncateSync(join(folder, main), bytes));
  });
}

for (const [files, file, count] of [
  [killedJournal, wal, 60],
  [killedJournal, main, 40],
  [killedJournal, `${main}-shm`, 20],
  [killedJournal, "journal.turns", 40],
  [closedJournal, main, 120],
] as const) {
  test(`[F14] bits of ${file} flipped, in a ${files.name}`, { timeout }, async (t) => {
    const source = await files(t);
    for (const bit of sample(statSync(join(source, file)).size * 8, isFull ? flipsMax : count)) {
      await judge(source, `${file} with bit ${bit} flipped`, (folder) => flip(folder, file, bit));
    }
  });
}

test("[F14] every bit of the main file's header flipped", { timeout }, async (t) => {
  const source = await closedJournal(t);
  for (const bit of sample(headerBytes * 8, isFull ? headerBytes * 8 : 80))
    await judge(source, `bit ${bit}`, (folder) => flip(folder, main, bit));
});

test("[F14] pages of the main file zeroed, swapped and filled with garbage", { timeout }, async (t) => {
  const source = await closedJournal(t);
  const pages = statSync(join(source, main)).size / pageBytes;
  for (const page of sample(pages, isFull ? pages : 8)) {
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
