/** The processes that a command asks: one, or several with one answer. */
import { readFileSync } from "node:fs";
import { isToken, readSetting, SettingError } from "#runtime/settings.ts";
import { AdminClient, NotThere } from "./admin.ts";
import type { FlagValues } from "./flags.ts";
import { exitTrouble } from "./say.ts";
import { Trouble } from "./words.ts";

const byDefault = "http://127.0.0.1:60009";

type Environment = Readonly<Record<string, string | undefined>>;

export interface Answered<Answer> {
  readonly admin: AdminClient;
  readonly answer: Answer;
}

export class Admins {
  readonly #all: readonly AdminClient[];

  constructor(all: readonly AdminClient[]) {
    this.#all = all;
  }

  get areSeveral(): boolean {
    return this.#all.length > 1;
  }

  /** For what one process does. @throws {SettingError} when there are several. */
  get only(): AdminClient {
    const [first] = this.#all;
    if (first === undefined || this.areSeveral) throw new SettingError("this asks one process: name it with --admin.");
    return first;
  }

  /**
   * Asks all at once, and gives the answers of those that have what is asked for. Of a process that has none for another
   * reason it is said why, and the exit code is 1.
   * @throws {Trouble} when nobody has any.
   */
  async every<Answer>(ask: (admin: AdminClient) => Promise<Answer>): Promise<Answered<Answer>[]> {
    const settled = await Promise.allSettled(this.#all.map(async (admin) => ({ admin, answer: await ask(admin) })));
    const answers = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const troubles = settled.flatMap((one) => (one.status === "rejected" ? [troubleOf(one.reason)] : []));
    const serious = troubles.filter((trouble) => !(trouble instanceof NotThere));
    if (answers.length === 0) throw oneOf(serious.length > 0 ? serious : troubles);
    for (const { message } of serious) process.stderr.write(`${message}\n`);
    if (serious.length > 0) process.exitCode = exitTrouble;
    return answers;
  }

  /**
   * Asks one after another, until one has it.
   * @throws {Trouble} when none has: the first that is more than not having it, or else what all say.
   */
  async first<Answer>(ask: (admin: AdminClient) => Promise<Answer>): Promise<Answered<Answer>> {
    const troubles: Trouble[] = [];
    for (const admin of this.#all) {
      try {
        return { admin, answer: await ask(admin) };
      } catch (thrown) {
        troubles.push(troubleOf(thrown));
      }
    }
    const serious = troubles.filter((trouble) => !(trouble instanceof NotThere));
    throw oneOf(serious.length > 0 ? serious : troubles);
  }
}

/** What is no trouble is a mistake of ours. */
function troubleOf(thrown: unknown): Trouble {
  if (thrown instanceof Trouble) return thrown;
  throw thrown;
}

function oneOf(troubles: readonly Trouble[]): Trouble {
  const [first] = troubles;
  if (troubles.length === 1 && first !== undefined) return first;
  return new Trouble([...new Set(troubles.map(({ message }) => message))].join("\n"), { cause: first });
}

/** @throws {SettingError} for what is no URL, and for a token that cannot be had. */
export function adminsOf(flags: FlagValues, env: Environment): Admins {
  const urls = (flags.admin ?? (env["CROUPIER_ADMIN"] || byDefault)).split(",").map((url) => url.trim());
  const wrong = urls.find((url) => !/^https?:\/\/[^/@]+\/?$/.test(url) || !URL.canParse(url));
  if (wrong !== undefined) throw new SettingError(`${JSON.stringify(wrong)} is no URL of an admin listener.`);
  const token = tokenOf(flags, env);
  return new Admins([...new Set(urls)].map((url) => new AdminClient(url, token)));
}

/** Inside a container the process's own settings are there: who may operate there may do so here. */
function tokenOf({ "token-file": path }: FlagValues, env: Environment): string | undefined {
  if (path !== undefined) return checked(readToken(path));
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  return readSetting("adminToken", given) ?? readSetting("adminReadToken", given);
}

function readToken(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd();
  } catch (cause) {
    throw new SettingError(`--token-file cannot be read: ${cause instanceof Error ? cause.message : cause}.`, { cause });
  }
}

/** What no header can carry would be shown by the error of whoever tries. */
function checked(token: string): string {
  if (isToken(token)) return token;
  throw new SettingError(`--token-file holds no token: ${token === "" ? "it is empty" : "there is something in it that no token has"}.`);
}
