/** The processes that a command asks: one, or several with one answer. */
import { readFileSync } from "node:fs";
import { readSetting, SettingError } from "#runtime/settings.ts";
import { AdminClient, NotThere } from "./admin.ts";
import type { FlagValues } from "./flags.ts";
import { exitTrouble, Trouble } from "./say.ts";

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
export function adminsOf({ admin, "token-file": tokenFile }: FlagValues, env: Environment): Admins {
  const urls = (admin ?? (env["CROUPIER_ADMIN"] || byDefault)).split(",").map((url) => url.trim());
  const wrong = urls.find((url) => !/^https?:\/\/[^/]+\/?$/.test(url) || !URL.canParse(url));
  if (wrong !== undefined) throw new SettingError(`${JSON.stringify(wrong)} is no URL of an admin listener.`);
  const own = env["ADMIN_TOKEN"] || readSetting("adminToken", { ...env, ADMIN_TOKEN: undefined });
  const token = tokenFile === undefined ? own : readToken(tokenFile);
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new SettingError("the admin token is none: it has spaces, or other characters that no header has.");
  return new Admins([...new Set(urls)].map((url) => new AdminClient(url, token)));
}

function readToken(file: string): string {
  try {
    const token = readFileSync(file, "utf8").trimEnd();
    if (token !== "") return token;
  } catch (cause) {
    throw new SettingError(`--token-file cannot be read: ${cause instanceof Error ? cause.message : cause}.`, { cause });
  }
  throw new SettingError(`--token-file ${JSON.stringify(file)} is empty.`);
}
