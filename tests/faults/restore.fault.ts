/** A journal of many rooms, read by a real game server: how long it takes and what it needs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSqliteJournal } from "#game_server/journal_sqlite.ts";
import { systemClock } from "#runtime/clock.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";
import { dataFolder, storedRows } from "#tests/support/data_folder.ts";
import { Player } from "#tests/support/player.ts";
import { Server } from "#tests/support/process.ts";
import { read } from "#tests/support/said.ts";
import { isFull, kilobyte, megabyte, patience, Scrape } from "./measure.ts";

const rooms = isFull ? 20_000 : 5_000;
const restoreMsMax = 5_000;

/** Plays one game to its middle, and fills a journal with copies of its room. */
async function writeJournal(folder: string, value: Record<string, unknown>): Promise<number> {
  const journal = await openSqliteJournal({ folder, sync: "os", clock: systemClock, entropy: systemEntropy, log: silentLog });
  let bytes = 0;
  for (let first = 0; first < rooms; first += 100) {
    const kept = Array.from({ length: 100 }, (_, at) => {
      const number = first + at + 1;
      const life = number.toString(16).padStart(16, "0");
      const seats = (value["seats"] as { user: number }[]).map((seat, index) => ({ ...seat, user: number * 4 + index }));
      const text = JSON.stringify({ ...value, life, room: String(number), owner: journal.id, seats });
      bytes += text.length;
      return { life, value: text };
    });
    journal.commit({ clockMs: 0, kept, ended: [] });
  }
  journal.close();
  return bytes / rooms;
}

test(`[restore] a journal of ${rooms} rooms mid-game`, { timeout: 120_000 }, async (t) => {
  const sample = dataFolder(t);
  const first = await Server.start(t, "game_server/main.ts", { DATA_DIR: sample });
  const players = await Promise.all([1, 2, 3, 4].map((user) => Player.seated(first.port, user)));
  for (const player of players) await player.hearUntil("Scene");
  players[0]?.shake(6);
  await players[0]?.hearUntil("Shake 1");
  const [row] = storedRows(sample);
  const { residentBytes: empty } = await Scrape.of(first);
  first.signal("SIGKILL");

  const folder = dataFolder(t);
  const bytes = await writeJournal(folder, JSON.parse(row?.value ?? "{}") as Record<string, unknown>);
  const startMs = performance.now();
  const server = await Server.start(t, "game_server/main.ts", { DATA_DIR: folder });
  const startedMs = performance.now() - startMs;
  const { rooms: restored, "event.duration": restoreNs = Number.POSITIVE_INFINITY } = read(await server.logged("restore all"));
  const restoreMs = restoreNs / 1e6;
  const { residentBytes: memory } = await Scrape.of(server);
  t.diagnostic(
    `restore ${restored} rooms of ${bytes.toFixed(0)} bytes in ${restoreMs.toFixed(0)} ms, ready ${startedMs.toFixed(0)} ms after the start; ` +
      `${((memory - empty) / megabyte).toFixed(0)} MB more than an empty server, ${((memory - empty) / rooms / kilobyte).toFixed(1)} KB a room`,
  );
  assert.equal(restored, rooms);
  assert.ok(restoreMs <= restoreMsMax * patience, `${restoreMs} ms`);
});
