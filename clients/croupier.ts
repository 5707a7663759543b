/**
 * The operator's command line: what is in a journal, and whether it is sound. It reads the
 * files themselves, with or without a server that has them open, and changes nothing.
 */
import { parseArgs } from "node:util";
import type { Inspection } from "#game_server/journal_inspection.ts";
import { lookAt } from "#game_server/journal_look.ts";
import type { RoomValue } from "#game_server/room_value.ts";
import { isFull } from "#game_server/sqlite_errors.ts";
import { readSettings, SettingError } from "#runtime/settings.ts";

const usage = `usage: croupier journal ls [--json]            every room, one a line
       croupier journal show LIFE|GAME/ROOM    a room as JSON
       croupier journal check                  is it sound? exit code 0 or 1
--data-dir DIR instead of DATA_DIR`;

const flags = {
  "data-dir": { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const exitTrouble = 1;
const exitUsage = 78;

/** What was asked for cannot be had: one sentence, exit code 1. */
class Trouble extends Error {
  override readonly name = "Trouble";
}

type Journal = Inspection & { readonly state: NonNullable<Inspection["state"]> };

/** What `ls` says of a room. */
interface Summary {
  readonly game: string;
  readonly room: string;
  readonly life: string;
  readonly epoch: number;
  readonly version: number;
  readonly playing: number;
  readonly seatsTaken: number;
  readonly users: readonly number[];
  readonly isOver: boolean;
  readonly keptOutputs: number;
  readonly nextTimer: { readonly name: string; readonly inMs: number } | undefined;
  readonly bytes: number;
}

function ls({ state, rows, faults }: Journal, { json }: { json: boolean }): void {
  const { id, boot, format, turns, clockMs } = state;
  const rooms = rows
    .map(({ value }) => summaryOf(value, clockMs))
    .toSorted((a, b) => nameOf(a).localeCompare(nameOf(b), "en", { numeric: true }));
  if (faults.length > 0) process.exitCode = exitTrouble;
  if (json) return print(JSON.stringify({ id, boot, format, turns, clockMs, faults, rooms }));
  print(`journal ${id}, boot ${boot}, format ${format}, ${turns} turns, clock ${seconds(clockMs)}, ${rooms.length} rooms`);
  for (const room of rooms) print(lineOf(room));
  for (const fault of faults) print(`damaged: ${fault}`);
}

function show({ rows }: Journal, which: string): void {
  const found = rows.filter(({ life, value }) => life === which || nameOf(JSON.parse(value) as RoomValue) === which);
  const [room] = found;
  if (room === undefined) throw new Trouble(`the journal has no room ${JSON.stringify(which)}.`);
  if (found.length > 1) throw new Trouble(`${which} has several lives, name one: ${found.map(({ life }) => life).join(", ")}.`);
  print(JSON.stringify(JSON.parse(room.value), undefined, 2));
}

function check({ state, rows, faults }: Journal): void {
  for (const fault of faults) print(fault);
  if (faults.length === 0) print(`sound: ${rows.length} rooms, ${state.turns} turns`);
  else process.exitCode = exitTrouble;
}

function summaryOf(value: string, clockMs: number): Summary {
  const { game, room, life, epoch, version, playing, seats, outbox, isOver, timers } = JSON.parse(value) as RoomValue;
  const [next] = Object.entries(timers).toSorted(([, a], [, b]) => a.dueMs - b.dueMs);
  return {
    ...{ game, room, life, epoch, version, playing, isOver },
    seatsTaken: seats.filter(({ index }) => index < playing).length,
    users: seats.map(({ user }) => user),
    keptOutputs: outbox.kept.length,
    nextTimer: next && { name: next[0], inMs: Math.round(next[1].dueMs - clockMs) },
    bytes: Buffer.byteLength(value),
  };
}

function lineOf(room: Summary): string {
  const { life, epoch, version, playing, seatsTaken, users, isOver, keptOutputs, nextTimer, bytes } = room;
  return [
    `${nameOf(room)} life ${life} epoch ${epoch} version ${version}`,
    `${seatsTaken} of ${playing} seats`,
    users.length > 0 ? `users ${users.join(" ")}` : "no users",
    `${keptOutputs} kept outputs`,
    nextTimer ? `${nextTimer.name} in ${seconds(nextTimer.inMs)}` : "no timer",
    ...(isOver ? ["over"] : []),
    `${bytes} bytes`,
  ].join(", ");
}

function nameOf({ game, room }: { game: string; room: string }): string {
  return `${game}/${room}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function read(folder: string): Journal {
  const { state, ...journal } = look(folder);
  if (state !== undefined) return { ...journal, state };
  throw new Trouble(
    journal.faults.length === 0 ? `there is no journal in ${folder}.` : `nothing can be read: ${journal.faults.join("; ")}.`,
  );
}

function look(folder: string): Inspection {
  try {
    return lookAt(folder);
  } catch (cause) {
    const hint = isFull(cause) ? "; it is copied into TMPDIR to be read" : "";
    throw new Trouble(`the journal in ${folder} cannot be read: ${cause instanceof Error ? cause.message : cause}${hint}.`, { cause });
  }
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true });
  } catch (cause) {
    throw new SettingError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function main(args: readonly string[]): void {
  const { values, positionals } = readArguments(args);
  const { json, help } = values;
  if (help) return print(usage);
  const words = positionals.slice(0, 2).join(" ");
  const operands = positionals.slice(2);
  const [which] = operands;
  const journal = () => read(values["data-dir"] ?? readSettings(process.env).dataDir);
  if (words === "journal ls" && operands.length === 0) return ls(journal(), { json });
  if (words === "journal show" && operands.length === 1 && which !== undefined && !json) return show(journal(), which);
  if (words === "journal check" && operands.length === 0 && !json) return check(journal());
  throw new SettingError(args.length === 0 ? "what shall it do?" : `it cannot do ${JSON.stringify(args.join(" "))}.`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.stdout.on("error", () => process.exit()); // `| head` has read enough
try {
  main(process.argv.slice(2));
} catch (thrown) {
  if (!(thrown instanceof Trouble) && !(thrown instanceof SettingError)) throw thrown;
  const isTrouble = thrown instanceof Trouble;
  process.stderr.write(isTrouble ? `${thrown.message}\n` : `${thrown.message}\n${usage}\n`);
  process.exitCode = isTrouble ? exitTrouble : exitUsage;
}
