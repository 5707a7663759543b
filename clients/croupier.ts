/**
 * The operator's command line: which words there are, and how it ends. What they do is in
 * croupier/, a file for each noun.
 */
import { parseArgs } from "node:util";
import { duration, readSettings, SettingError } from "#runtime/settings.ts";
import { AdminClient } from "./croupier/admin.ts";
import { showDrain, startDrain, undoDrain } from "./croupier/drain.ts";
import { checkJournal, listJournal, readJournal, showRoom } from "./croupier/journal.ts";
import { logLevel } from "./croupier/log_level.ts";
import type { LogFilter } from "./croupier/logs.ts";
import { followRollout, showPlan } from "./croupier/rollout.ts";
import { listRooms, moveRoom, rebalance } from "./croupier/rooms.ts";
import { exitTrouble, exitUsage, print, Trouble } from "./croupier/say.ts";
import { abandon, listServers } from "./croupier/servers.ts";

const usage = `usage: croupier journal ls [--json]            every room in a journal, one a line
       croupier journal show LIFE|GAME/ROOM    a room as JSON
       croupier journal check                  is it sound? exit code 0 or 1
       croupier drain start [--wait]           leave service; --wait until the process is gone
       croupier drain status                   how far it is
       croupier drain undo                     back into service
       croupier rooms ls [--json]              every room that a game server plays, one a line
       croupier rooms move LIFE|GAME/ROOM      to another game server, the best one or --to JOURNAL|ADDRESS
       croupier rooms rebalance                rooms of this game server to those that have fewer
       croupier servers ls [--json]            the game servers that a gate knows
       croupier rooms abandon JOURNAL          ask a gate: its rooms may be opened anew, it is gone for good
       croupier rollout plan [--json]          ask a gate: what a rollout to the release of this command line will do
       croupier rollout status                 ask a gate: follows one until every game server has the same release,
                                               or --release NAME; exit code 1 after --timeout, 10m by default, 0 = none
       croupier log-level [LEVEL]              the least level that a process logs; with LEVEL, from now on
       croupier logs [FILE …] [--json]         lines of logs for people, of files or of what kubectl logs -f says; only
                                               those with --user ID, --room LIFE|GAME/ROOM, --event NAME,…, --level LEAST
--data-dir DIR instead of DATA_DIR
--admin URL instead of CROUPIER_ADMIN, http://127.0.0.1:60009 by default; ADMIN_TOKEN is its token`;

const flags = {
  "data-dir": { type: "string" },
  admin: { type: "string" },
  to: { type: "string" },
  release: { type: "string" },
  timeout: { type: "string" },
  user: { type: "string" },
  room: { type: "string" },
  event: { type: "string" },
  level: { type: "string" },
  json: { type: "boolean" },
  wait: { type: "boolean" },
  help: { type: "boolean" },
} as const;

type Flag = keyof typeof flags;

interface Given {
  readonly json: boolean;
  readonly waits: boolean;
  readonly dataDir: string | undefined;
  readonly admin: string | undefined;
  readonly to: string | undefined;
  readonly release: string | undefined;
  readonly timeoutMs: number;
  readonly filter: LogFilter;
  /** What stands after the command, and the first of it. */
  readonly operands: readonly string[];
  readonly operand: string;
}

interface Command {
  readonly flags: readonly Flag[];
  /** Words that must follow; "?": none or one, "*": any number. */
  readonly operands: 0 | 1 | "?" | "*";
  run(given: Given): void | Promise<void>;
}

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["journal ls", { flags: ["data-dir", "json"], operands: 0, run: (given) => listJournal(journalOf(given), given) }],
  ["journal show", { flags: ["data-dir"], operands: 1, run: (given) => showRoom(journalOf(given), given.operand) }],
  ["journal check", { flags: ["data-dir"], operands: 0, run: (given) => checkJournal(journalOf(given)) }],
  ["drain start", { flags: ["admin", "wait"], operands: 0, run: (given) => startDrain(adminOf(given), given) }],
  ["drain status", { flags: ["admin"], operands: 0, run: (given) => showDrain(adminOf(given)) }],
  ["drain undo", { flags: ["admin"], operands: 0, run: (given) => undoDrain(adminOf(given)) }],
  ["rooms move", { flags: ["admin", "to"], operands: 1, run: (given) => moveRoom(adminOf(given), given) }],
  ["rooms rebalance", { flags: ["admin"], operands: 0, run: (given) => rebalance(adminOf(given)) }],
  ["rooms abandon", { flags: ["admin"], operands: 1, run: (given) => abandon(adminOf(given), given.operand) }],
  ["servers ls", { flags: ["admin", "json"], operands: 0, run: (given) => listServers(adminOf(given), given) }],
  ["rollout plan", { flags: ["admin", "json"], operands: 0, run: (given) => showPlan(adminOf(given), given) }],
  ["rollout status", { flags: ["admin", "release", "timeout"], operands: 0, run: (given) => followRollout(adminOf(given), given) }],
  ["log-level", { flags: ["admin"], operands: "?", run: (given) => logLevel(adminOf(given), given.operands[0]) }],
  ["logs", { flags: ["json", "user", "room", "event", "level"], operands: "*", run: readLogs }],
  ["rooms ls", { flags: ["admin", "json"], operands: 0, run: (given) => listRooms(adminOf(given), given) }],
]);

/** What it reads with is loaded for it alone. */
async function readLogs({ operands, filter, json }: Given): Promise<void> {
  const { showLogs } = await import("./croupier/logs.ts");
  await showLogs(operands, filter, { json });
}

function journalOf({ dataDir }: Given) {
  return readJournal(dataDir ?? readSettings(process.env).dataDir);
}

function adminOf({ admin }: Given): AdminClient {
  const url = admin ?? (process.env["CROUPIER_ADMIN"] || "http://127.0.0.1:60009");
  if (!/^https?:\/\/[^/]+\/?$/.test(url) || !URL.canParse(url))
    throw new SettingError(`${JSON.stringify(url)} is no URL of an admin listener.`);
  return new AdminClient(url, process.env["ADMIN_TOKEN"] || undefined);
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true });
  } catch (cause) {
    throw new SettingError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(args);
  if (values.help) return print(usage);
  if (args.length === 0) throw new SettingError("what shall it do?");
  const words = commands.has(positionals.slice(0, 2).join(" ")) ? 2 : 1;
  const command = commands.get(positionals.slice(0, words).join(" "));
  const operands = positionals.slice(words);
  const isMeant = Object.keys(values).every((flag) => command?.flags.includes(flag as Flag));
  if (command === undefined || !isMeant || !mayFollow(command, operands.length))
    throw new SettingError(`it cannot do ${JSON.stringify(args.join(" "))}.`);
  const { json = false, wait = false, admin, to, release, timeout = "10m", "data-dir": dataDir, user, room, event, level } = values;
  const filter = { user, room, event, level };
  const timeoutMs = duration(timeout, "--timeout");
  await command.run({ json, waits: wait, admin, to, release, timeoutMs, dataDir, filter, operands, operand: operands[0] ?? "" });
}

function mayFollow({ operands }: Command, count: number): boolean {
  if (operands === "*") return true;
  return operands === "?" ? count <= 1 : count === operands;
}

process.stdout.on("error", () => process.exit()); // `| head` has read enough
try {
  await main(process.argv.slice(2));
} catch (thrown) {
  if (!(thrown instanceof Trouble) && !(thrown instanceof SettingError)) throw thrown;
  const isTrouble = thrown instanceof Trouble;
  process.stderr.write(isTrouble ? `${thrown.message}\n` : `${thrown.message}\n${usage}\n`);
  process.exitCode = isTrouble ? exitTrouble : exitUsage;
}
