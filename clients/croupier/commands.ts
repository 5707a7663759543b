/** Every command of the operator's command line: what it is called, takes and means. What it does is in a file for each noun. */
import { logLevels, readSettings } from "#runtime/settings.ts";
import { adminsOf as adminsIn } from "./admins.ts";
import type { Command, Commands, Given } from "./command.ts";
import { completionOf, shells } from "./completion.ts";
import { showDrain, startDrain, undoDrain } from "./drain.ts";
import type { Flag } from "./flags.ts";
import { checkJournal, listJournal, readJournal, showStored } from "./journal.ts";
import { showJournals } from "./journal_status.ts";
import { logLevel } from "./log_level.ts";
import type { Operand } from "./operand.ts";
import { developGame, generateGame, newGame } from "./own_game.ts";
import { followRollout, showPlan } from "./rollout.ts";
import { dissolveRoom, listRooms, moveRoom, rebalance, showRoom } from "./rooms.ts";
import { print } from "./say.ts";
import { abandon, listServers } from "./servers.ts";
import { kickSession, kickUser, listSessions, messageUser } from "./sessions.ts";

const room: Operand = { name: "LIFE|GAME/ROOM" };

/** Flags of what asks processes, of what cannot be taken back there, and of what reads a journal's files. */
const asking: readonly Flag[] = ["admin", "token-file", "json"];
const final: readonly Flag[] = ["yes", ...asking];
const reading: readonly Flag[] = ["data-dir", "json"];

/** Left out: the folder where we are. */
const gameFolder: Operand = { name: "FOLDER", count: "at most one", completes: "folders" };

export const commands: Commands = new Map<string, Command>([
  ["new", { about: "a folder with a game of your own to begin with", operands: [{ name: "FOLDER" }], flags: [], run: newGame }],
  ["dev", { about: "single mode with the game of a folder, which it watches", operands: [gameFolder], flags: [], run: developGame }],
  ["generate", { about: "TypeScript from the schemas of such a folder", operands: [gameFolder], flags: [], run: generateGame }],
  [
    "drain start",
    {
      about: "a process leaves service; with --wait, how far it is until it is gone",
      ...{ operands: [], flags: ["wait", ...asking] },
      run: (given) => startDrain(adminsOf(given).only, given.flags),
    },
  ],
  [
    "drain status",
    { about: "how far processes are on their way", operands: [], flags: asking, run: (given) => showDrain(adminsOf(given), given.flags) },
  ],
  ["drain undo", { about: "back into service", operands: [], flags: asking, run: (given) => undoDrain(adminsOf(given).only, given.flags) }],
  [
    "rooms ls",
    {
      about: "every room that game servers play",
      ...{ operands: [], flags: ["game", "phase", "user", "version", "free", "limit", ...asking] },
      run: (given) => listRooms(adminsOf(given), given.flags),
    },
  ],
  [
    "rooms show",
    { about: "a room, and what Print shows of it", operands: [room], flags: asking, run: (given) => showRoom(adminsOf(given), given) },
  ],
  [
    "rooms move",
    {
      about: "to another game server, the best one or --to",
      ...{ operands: [room], flags: ["to", ...asking] },
      run: (given) => moveRoom(adminsOf(given), given),
    },
  ],
  [
    "rooms dissolve",
    {
      about: "ends a room: an early settlement, and everybody is sent away",
      ...{ operands: [room], flags: final },
      run: (given) => dissolveRoom(adminsOf(given), given),
    },
  ],
  [
    "rooms rebalance",
    {
      about: "rooms of this game server to those that have fewer",
      ...{ operands: [], flags: asking },
      run: (given) => rebalance(adminsOf(given).only, given.flags),
    },
  ],
  [
    "rooms abandon",
    {
      about: "asked of a gate: its rooms may be opened anew, that game server is gone for good",
      ...{ operands: [{ name: "JOURNAL" }], flags: final },
      run: (given) => abandon(adminsOf(given).only, given),
    },
  ],
  [
    "sessions ls",
    {
      about: "everybody who is connected to gates",
      ...{ operands: [], flags: ["user", "game", "room", "stage", "address", "limit", ...asking] },
      run: (given) => listSessions(adminsOf(given), given.flags),
    },
  ],
  [
    "sessions kick",
    {
      about: "closes a session, for its client to stay away",
      ...{ operands: [{ name: "SESSION" }], flags: final },
      run: (given) => kickSession(adminsOf(given), given),
    },
  ],
  [
    "users kick",
    {
      about: "closes every session of a user",
      ...{ operands: [{ name: "USER" }], flags: final },
      run: (given) => kickUser(adminsOf(given), given),
    },
  ],
  [
    "users message",
    {
      about: "tells a user something, at each of the sessions there are",
      ...{ operands: [{ name: "USER" }, { name: "TEXT" }], flags: asking },
      run: (given) => messageUser(adminsOf(given), given),
    },
  ],
  [
    "servers ls",
    {
      about: "asked of gates: the game servers that they know",
      ...{ operands: [], flags: ["limit", ...asking] },
      run: (given) => listServers(adminsOf(given), given.flags),
    },
  ],
  [
    "rollout plan",
    {
      about: "asked of a gate: what a rollout to the release of this command line will do",
      ...{ operands: [], flags: asking },
      run: (given) => showPlan(adminsOf(given).only, given.flags),
    },
  ],
  [
    "rollout status",
    {
      about: "asked of a gate: follows one until every game server has the same release",
      ...{ operands: [], flags: ["release", "timeout", ...asking] },
      run: (given) => followRollout(adminsOf(given).only, given.flags),
    },
  ],
  [
    "journal status",
    {
      about: "what running game servers know of their journals",
      ...{ operands: [], flags: asking },
      run: (given) => showJournals(adminsOf(given), given.flags),
    },
  ],
  [
    "journal ls",
    { about: "every room in a journal's files", operands: [], flags: reading, run: (given) => listJournal(journalOf(given), given.flags) },
  ],
  [
    "journal show",
    {
      about: "a room in them, as JSON",
      ...{ operands: [room], flags: reading },
      run: (given) => showStored(journalOf(given), given),
    },
  ],
  [
    "journal check",
    {
      about: "are they sound? exit code 0 or 1",
      operands: [],
      flags: reading,
      run: (given) => checkJournal(journalOf(given), given.flags),
    },
  ],
  [
    "logs",
    {
      about: "lines of logs for people, of files or of what kubectl logs -f says",
      ...{ operands: [{ name: "FILE", count: "any number", completes: "files" }], flags: ["user", "room", "event", "level", "json"] },
      run: readLogs,
    },
  ],
  [
    "log-level",
    {
      about: "the least level that processes log; with LEVEL, from now on",
      ...{ operands: [{ name: "LEVEL", count: "at most one", completes: logLevels }], flags: asking },
      run: (given) => logLevel(adminsOf(given), given),
    },
  ],
  [
    "completion",
    {
      about: "what a shell has to read to complete all this",
      ...{ operands: [{ name: shells.join("|"), completes: shells }], flags: [] },
      run: ({ operand }) => print(completionOf(operand, commands)),
    },
  ],
]);

/** What it reads with is loaded for it alone. */
async function readLogs(given: Given): Promise<void> {
  const { showLogs } = await import("./logs.ts");
  await showLogs(given);
}

function journalOf({ flags }: Given) {
  return readJournal(flags["data-dir"] ?? readSettings(process.env).dataDir);
}

function adminsOf({ flags }: Given) {
  return adminsIn(flags, process.env);
}
