/**
 * The state of a journal: who it is, how often it was opened, what its clock was, and what
 * its rooms come to. It is kept twice, in the database and in `journal.turns`, each time as
 * one line of text with its own checksum. SQLite takes a WAL whose tail is gone for one that
 * ends earlier; the second copy tells.
 */
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** Raised when an older release could not read what a newer one writes. Every format keeps this file, so that it is noticed. */
export const journalFormat = 1;

/** Links say it in 32 bits. */
const bootMax = 2 ** 32;

export interface State {
  readonly format: number;
  readonly id: string;
  readonly boot: number;
  /** The server's own clock. */
  readonly clockMs: number;
  /** How many turns were committed. */
  readonly turns: number;
  readonly rooms: number;
  /** The checksums of all rooms, xor: none can be missing, doubled or an older one without being noticed. */
  readonly roomsSum: number;
}

export function lineOf(state: State): string {
  const json = JSON.stringify(state);
  return `${checksum(json)} ${json}`;
}

/** Undefined when the line is not as it was written, or nothing that this release would write: a checksum is no promise. */
export function stateOf(line: string): State | undefined {
  const [, sum, json] = /^([0-9a-f]{8}) (\{.*\})\s*$/.exec(line) ?? [];
  if (json === undefined || sum !== checksum(json)) return undefined;
  try {
    const state = JSON.parse(json) as State;
    return isNewer(state) || isState(state) ? state : undefined;
  } catch {
    return undefined;
  }
}

/** A newer format may have other fields; nobody looks at them here. */
function isNewer({ format }: State): boolean {
  return Number.isSafeInteger(format) && format > journalFormat;
}

function isState({ format, id, boot, clockMs, turns, rooms, roomsSum }: State): boolean {
  const counts = [boot, turns, rooms, roomsSum];
  const areCounts = counts.every((count) => Number.isSafeInteger(count) && count >= 0) && boot < bootMax && roomsSum < 2 ** 32;
  return format === journalFormat && /^[0-9a-f]{16}$/.test(id) && areCounts && Number.isFinite(clockMs) && clockMs >= 0;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, "0");
}

/** Room for every state there can be: the file never grows, so a full disk does not concern it. */
const turnsFileBytes = 256;

export type NotedState = State | "missing" | "damaged";

/** Whoever looks on while a server writes may find a line that is half the last one. */
const readAttempts = 3;

export function readTurnsFile(folder: string): NotedState {
  const path = turnsPath(folder);
  if (!existsSync(path)) return "missing";
  for (let attempt = 0; attempt < readAttempts; attempt++) {
    const state = stateOf(textOf(path));
    if (state !== undefined) return state;
  }
  return "damaged";
}

/** Empty when it cannot be had: a bad sector, or no file at all. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (thrown) {
    if (!["EIO", "EISDIR"].includes((thrown as { code?: string }).code ?? "")) throw thrown;
    return "";
  }
}

/** The second copy: of each boot a new file, which is whole when it is put in place and overwritten there. */
export class TurnsFile {
  readonly #file: number;

  /** The last one is replaced; a damaged one is kept beside it. */
  constructor(folder: string, state: State) {
    const path = turnsPath(folder);
    this.#file = openSync(`${path}.new`, "w");
    try {
      this.write(lineOf(state));
      fsyncSync(this.#file);
      if (readTurnsFile(folder) === "damaged") setAside(path);
      renameSync(`${path}.new`, path);
    } catch (thrown) {
      this.close();
      throw thrown;
    }
  }

  /** @throws when the file has been taken away, and the journal with it: nobody would find what is written. */
  write(line: string): void {
    if (fstatSync(this.#file).nlink === 0) throw new Error("the journal's files have been removed");
    writeSync(this.#file, `${line.padEnd(turnsFileBytes - 1)}\n`, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function setAside(path: string): void {
  rmSync(`${path}.damaged`, { recursive: true, force: true });
  renameSync(path, `${path}.damaged`);
}

export function turnsPath(folder: string): string {
  return join(folder, "journal.turns");
}
