/**
 * Fuzzes the journal's files and rows. The first piece says whether the last server was killed or closed it, each other one
 * is a change as JSON: to the bytes of a file, or to a row or the state with its checksum made good again. The journal opens, tells what
 * it has lost, never gives what was not written, and is whole from then on.
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { rowOf } from "#game_server/journal_database.ts";
import { NewerJournal } from "#game_server/journal_inspection.ts";
import { lookAt } from "#game_server/journal_look.ts";
import { lineOf, type State, stateOf } from "#game_server/journal_state.ts";
import { main, wal, wholeEvening } from "#tests/support/damaged_journal.ts";
import { listeningLog, loaded, openHere } from "#tests/support/journal_at_hand.ts";
import { type Contents, contentsAfter, turnOf } from "#tests/support/journal_evening.ts";
import { fuzz } from "./fuzzer.ts";

type Files = ReadonlyMap<string, Uint8Array>;

/** What is done to a journal; what it does not say is not done. */
interface Change {
  readonly file?: unknown;
  readonly at?: unknown;
  readonly flip?: unknown;
  readonly text?: unknown;
  readonly cut?: unknown;
  readonly like?: unknown;
  readonly gone?: unknown;
  /** A row of this slot. */
  readonly slot?: unknown;
  readonly life?: unknown;
  readonly value?: unknown;
  /** Of these fields of the state; in the database, unless a file is named. */
  readonly state?: unknown;
}

const turnsFile = "journal.turns";
const names = [main, wal, `${main}-shm`, turnsFile, `${main}.whole`, `${main}.new`, `${main}-journal`, "journal.lock", "lease"];
const checkpointed = 9;
const kinds = { killed: await evening("killed"), closed: await evening("closed") };

const file = fc.constantFrom(...names.slice(0, 4), ...names);
const at = fc.nat(80_000);
const number = fc.oneof(fc.nat(20), fc.constantFrom<unknown>(-1, 0.5, 2 ** 53, 2 ** 32, 1e300, null, "1", [], {}));
const state = fc.record(
  {
    format: fc.constantFrom<unknown>(1, 1, 2, 0, "1", null),
    id: fc.constantFrom<unknown>("00000000000000aa", "", "__proto__", 7, null),
    ...{ boot: number, clockMs: number, turns: number, rooms: number, roomsSum: number },
  },
  { requiredKeys: [] },
);
const change = fc.oneof(
  { weight: 4, arbitrary: fc.record({ file, at, flip: fc.nat(7) }) },
  { weight: 3, arbitrary: fc.record({ file, at, text: fc.string({ unit: "binary", maxLength: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ file, cut: at }) },
  { weight: 1, arbitrary: fc.record({ file, like: file }) },
  { weight: 1, arbitrary: fc.record({ file, gone: fc.constant(true) }) },
  {
    weight: 2,
    arbitrary: fc.record(
      { slot: fc.nat(9), life: fc.constantFrom("aaaaaaaaaaaaaaa1", "x", ""), value: fc.oneof(fc.json(), fc.string()) },
      { requiredKeys: ["slot"] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ file: fc.constantFrom(main, turnsFile), state }) },
);

fuzz({
  name: "journal",
  fresh: fc
    .tuple(fc.constantFrom("killed", "closed"), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([how, changes]) => [how, ...changes.map((one) => JSON.stringify(one))].map((text) => new Uint8Array(Buffer.from(text)))),
  words: [...names, '"gone":true', '"flip":7', '"cut":0', "SQLite format 3"],
  async take([how, ...pieces]) {
    const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "croupier-fuzz-"));
    try {
      const changes = pieces.flatMap((piece) => changeOf(Buffer.from(piece).toString("utf8")));
      write(folder, how?.[0] === "c".charCodeAt(0) ? kinds.closed : kinds.killed);
      for (const one of changes) apply(folder, one);
      look(folder);
      await judge(
        folder,
        changes.some(({ slot }) => slot !== undefined),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
});

async function evening(how: "killed" | "closed"): Promise<Files> {
  const folder = mkdtempSync(join(tmpdir(), "croupier-evening-"));
  try {
    const first = await openHere(folder);
    for (let turn = 1; turn <= checkpointed; turn++) first.commit(turnOf(turn));
    first.close();
    const second = await openHere(folder);
    for (let turn = checkpointed + 1; turn <= wholeEvening; turn++) second.commit(turnOf(turn));
    if (how === "closed") second.close();
    const files = new Map(readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
    if (how === "killed") second.close();
    return files;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function write(folder: string, files: Files): void {
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
}

function changeOf(text: string): Change[] {
  try {
    const one: unknown = JSON.parse(text);
    return typeof one === "object" && one !== null ? [one] : [];
  } catch {
    return [];
  }
}

function apply(folder: string, one: Change): void {
  if (typeof one.slot === "number") changeRow(folder, one);
  else if (typeof one.state === "object" && one.state !== null) changeState(folder, one);
  else if (typeof one.file === "string" && names.includes(one.file)) changeFile(folder, one.file, one);
}

function changeFile(folder: string, name: string, { at: where, flip, text, cut, like, gone }: Change): void {
  const path = join(folder, name);
  const bytes = existsSync(path) ? Buffer.from(readFileSync(path)) : Buffer.alloc(0);
  const from = typeof where === "number" ? Math.abs(where) % (bytes.length + 1) : 0;
  if (gone === true) rmSync(path, { force: true });
  else if (typeof like === "string" && names.includes(like) && existsSync(join(folder, like)))
    writeFileSync(path, readFileSync(join(folder, like)));
  else if (typeof cut === "number") writeFileSync(path, bytes.subarray(0, Math.abs(cut) % (bytes.length + 1)));
  else if (typeof text === "string")
    writeFileSync(path, Buffer.concat([bytes.subarray(0, from), Buffer.from(text, "latin1"), bytes.subarray(from + text.length)]));
  else if (typeof flip === "number") {
    bytes[from] = (bytes[from] ?? 0) ^ (1 << Math.abs(flip % 8));
    writeFileSync(path, bytes);
  }
}

function changeRow(folder: string, { slot, life, value }: Change): void {
  inDatabase(folder, (database) => {
    const row = rowOf(Math.trunc(Number(slot)) % 1000, String(life ?? "aaaaaaaaaaaaaaa2"), String(value ?? ""));
    database.prepare("INSERT OR REPLACE INTO rooms VALUES (?, ?, ?, ?)").run(row.slot, row.life, row.crc, row.value);
  });
}

function changeState(folder: string, { file: name, state: fields }: Change): void {
  const changed = (line: string): string => lineOf({ ...(stateOf(line) ?? {}), ...(fields as Partial<State>) } as State);
  const path = join(folder, turnsFile);
  if (name === turnsFile) writeFileSync(path, `${changed(existsSync(path) ? readFileSync(path, "latin1") : "").padEnd(255)}\n`);
  else
    inDatabase(folder, (database) => {
      const line = database.prepare("SELECT line FROM state").get()?.["line"];
      database.prepare("UPDATE state SET line = ?").run(changed(String(line)));
    });
}

/** Where it has suffered too much for SQLite, it stays as it is. */
function inDatabase(folder: string, act: (database: DatabaseSync) => void): void {
  try {
    using database = new DatabaseSync(join(folder, main));
    act(database);
  } catch {}
}

/** An operator's look changes nothing of the journal, and fails only at what a newer release has written. */
function look(folder: string): void {
  const files = (): string[] => readdirSync(folder).filter((name) => !name.startsWith("journal.lock")); // SQLite has files beside a broken one
  const contents = (): unknown => files().map((name) => [name, readFileSync(join(folder, name)).toString("latin1")]);
  const before = contents();
  try {
    lookAt(folder);
  } catch (thrown) {
    assert.ok(thrown instanceof NewerJournal, `something else is thrown: ${thrown}`);
  }
  assert.ok(isDeepStrictEqual(contents(), before), "a look has changed something");
}

async function judge(folder: string, hasOtherRows: boolean): Promise<void> {
  const log = listeningLog();
  const journal = await openHere(folder, log).catch((thrown: unknown) => {
    assert.ok(thrown instanceof NewerJournal, `something else is thrown: ${thrown}`);
  });
  if (journal === undefined) return;
  const rooms = loaded(journal);
  try {
    const { id, boot, clockMs, damage } = journal;
    assert.match(id, /^[0-9a-f]{16}$/);
    assert.ok(Number.isSafeInteger(boot) && boot > 0 && Number.isFinite(clockMs) && clockMs >= 0, `boot ${boot}, ${clockMs} ms`);
    assert.ok(
      [damage.rooms, damage.turns].every((count) => Number.isSafeInteger(count) && count >= 0),
      "damage without a number",
    );
    const isTold = log.events.includes("journal damage");
    assert.ok(isTold || isDeepStrictEqual(rooms, contentsAfter(wholeEvening)), "a room is lost, and nobody is told");
    assert.ok(isTold || damage.rooms + damage.turns === 0);
    if (!hasOtherRows) for (const [life, value] of rooms) assert.ok(wasWritten(life, value), "a value that was never written");
    journal.commit({ clockMs: clockMs + 1, kept: [{ life: "more", value: "{}" }], ended: [] });
  } finally {
    journal.close();
  }
  await judgeAgain(folder, journal, new Map([...rooms, ["more", "{}"]]));
}

/** What is open once is whole: the next boot finds all of it, and no more damage. */
async function judgeAgain(
  folder: string,
  { id, boot, clockMs }: { id: string; boot: number; clockMs: number },
  rooms: Contents,
): Promise<void> {
  const log = listeningLog();
  const journal = await openHere(folder, log);
  try {
    assert.deepEqual([journal.id, journal.boot, journal.clockMs, journal.damage], [id, boot + 1, clockMs + 1, { rooms: 0, turns: 0 }]);
    assert.ok(isDeepStrictEqual(loaded(journal), rooms), "it is not kept as it was loaded");
    assert.deepEqual(log.events, [], "damage is told twice");
  } finally {
    journal.close();
  }
}

function wasWritten(life: string, value: string): boolean {
  return Array.from({ length: wholeEvening }, (_, turn) => contentsAfter(turn + 1)).some((contents) => contents.get(life) === value);
}
