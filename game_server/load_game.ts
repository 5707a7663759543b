/**
 * Games from outside: a module anywhere on this machine that exports its rules as `game`. Whether these keep the contract of
 * game.ts only play can tell; that they have its shape is seen here, before anybody sits down.
 */
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describeGame } from "#protocol/game_description.ts";
import type { GameProtocol } from "#protocol/game_protocol.ts";
import { SettingError } from "#runtime/settings.ts";
import type { Game } from "./game.ts";

const handlers = ["open", "arrive", "leave", "message", "timer", "dissolve", "phase", "print"] as const;
const seatsMax = 1024;
/** As links and journals write it: 32 bits. */
const versionMax = 2 ** 32 - 1;
/** A module is there to say what the rules are, and has nothing to wait for. */
const loadMsMax = 5000;

/** Whether an entry of `GAMES` is a path: `./my-game/game.ts`, and no name. */
export function isPath(entry: string): boolean {
  return entry.includes("/") || entry.includes("\\");
}

/**
 * The game that a module exports. `path`: from where the process was started.
 * @throws {SettingError} with the reason why it is none, or why it does not load.
 */
export async function loadGame(path: string): Promise<Game<unknown>> {
  const { game } = await importModule(path);
  if (game === undefined) throw new SettingError(`${path} exports no \`game\`.`);
  const wrong = whatIsWrong(game);
  if (wrong !== undefined) throw new SettingError(`${path} exports a \`game\` that is none: ${wrong}.`);
  return game as Game<unknown>;
}

async function importModule(path: string): Promise<{ game?: unknown }> {
  const loaded = new AbortController();
  const tooLate = sleep(loadMsMax, undefined, { signal: loaded.signal }).then(() => {
    throw new Error(`an await in it has not ended after ${loadMsMax / 1000} s`);
  });
  try {
    return (await Promise.race([import(pathToFileURL(resolve(path)).href), tooLate])) as { game?: unknown };
  } catch (cause) {
    throw new SettingError(`${path} does not load: ${reasonOf(cause)}.`, { cause });
  } finally {
    loaded.abort();
  }
}

/** One line: what Node says of a syntax error has its place in the first line of the stack, and the code below it. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const [place = ""] = thrown instanceof SyntaxError ? (thrown.stack ?? "").split("\n") : [];
  const [text = ""] = thrown.message.split("\n");
  return place.startsWith("file:") ? `${text.trim()}, at ${place}` : text.replace(/\.$/, "");
}

function whatIsWrong(game: unknown): string | undefined {
  if (typeof game !== "object" || game === null) return "it is no object";
  const { name, version, seats, upgrade, protocol } = game as Partial<Game<unknown>>;
  if (typeof name !== "string" || !/^[a-z0-9_-]{1,64}$/.test(name)) return "its `name` must be lower case letters, digits, _ and -";
  if (!(Number.isInteger(version) && Number(version) >= 0 && Number(version) <= versionMax))
    return `its \`version\` must be a whole number from 0 to ${versionMax}`;
  if (seats !== undefined && !(Number.isInteger(seats) && seats > 0 && seats <= seatsMax)) return `its \`seats\` must be 1 to ${seatsMax}`;
  if (upgrade !== undefined && typeof upgrade !== "function") return "its `upgrade` is no function";
  if (protocol !== undefined && !isDescription(protocol)) return "its `protocol` is none that `defineGame` has made";
  const missing = handlers.find((handler) => typeof (game as Record<string, unknown>)[handler] !== "function");
  return missing === undefined ? undefined : `it has no \`${missing}\``;
}

function isDescription(protocol: GameProtocol): boolean {
  try {
    describeGame(protocol);
    return true;
  } catch {
    return false;
  }
}
