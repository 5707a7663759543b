/**
 * Secrets that are kept in files: `JWT_KEY_FILE` names the file that holds what would be in
 * `JWT_KEY`. What is in a file may change while the process runs (secrets.ts); its name may not.
 */
import { readFileSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { SettingError } from "./setting_error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a secret is called, and whether its file may be gone: a previous key is, most of the time. */
export interface SecretRow {
  readonly env: string;
  readonly passing: boolean;
}

/** A secret in a file. */
export interface SecretFile extends SecretRow {
  readonly path: string;
}

/** By variable; undefined: there is no such file, and need not be. */
export type SecretTexts = Readonly<Record<string, string | undefined>>;

/** A key has some dozens of characters; what is larger is something else. */
const fileBytesMax = 16_384;

/** The variable that names the file of this one. */
export function fileVariableOf(env: string): string {
  return `${env}_FILE`;
}

/**
 * The secrets of `rows` that are in files.
 * @throws {SettingError} when one of them is also given in its variable.
 */
export function secretFilesOf(env: Environment, rows: readonly SecretRow[]): SecretFile[] {
  return rows.flatMap((row) => {
    const variable = fileVariableOf(row.env);
    const path = env[variable] ?? "";
    if (path === "") return [];
    if (env[row.env] !== undefined) throw new SettingError(`${row.env} and ${variable} are both set: give it one of the two ways.`);
    return [{ ...row, path }];
  });
}

/**
 * What is in them now.
 * @throws {SettingError} for the first that cannot be read.
 */
export function readSecretFiles(files: readonly SecretFile[]): SecretTexts {
  return Object.fromEntries(
    files.map((file) => {
      try {
        checkFile(file, statSync(file.path));
        return [file.env, textOf(file, readFileSync(file.path))];
      } catch (thrown) {
        return [file.env, absentOr(file, thrown)];
      }
    }),
  );
}

/** The same for a process that has other things to do: a disk may hang. */
export async function lookAtSecretFiles(files: readonly SecretFile[]): Promise<SecretTexts> {
  const texts: Record<string, string | undefined> = {};
  for (const file of files) {
    try {
      checkFile(file, await stat(file.path));
      texts[file.env] = textOf(file, await readFile(file.path));
    } catch (thrown) {
      texts[file.env] = absentOr(file, thrown);
    }
  }
  return texts;
}

/** As if what is in the files were in the variables. */
export function withSecrets(env: Environment, texts: SecretTexts): Environment {
  const inFiles = Object.keys(texts).map((name) => [fileVariableOf(name), undefined]);
  return { ...env, ...Object.fromEntries(inFiles), ...texts };
}

interface About {
  readonly size: number;
  isFile(): boolean;
}

/** Whether it may be read at all: a pipe has no end, and a device neither. */
function checkFile(file: SecretFile, about: About): void {
  if (!about.isFile()) throw new SettingError(`${nameOf(file)} is no file.`);
  if (about.size > fileBytesMax) throw new SettingError(`${nameOf(file)} is larger than ${fileBytesMax} bytes.`);
}

/** Its one line. An editor's newline at the end is none of the secret's. */
function textOf(file: SecretFile, bytes: Buffer): string {
  const text = bytes.toString("utf8").replace(/[\r\n]+$/, "");
  if (text === "") throw new SettingError(`${nameOf(file)} is empty.`);
  return text;
}

/** For a sentence. What does not look like a path may be the secret itself, given to the wrong variable. */
function nameOf({ env, path }: SecretFile): string {
  const variable = fileVariableOf(env);
  return /^\.{0,2}\//.test(path) ? `${variable}: ${JSON.stringify(path)}` : `what ${variable} names`;
}

function absentOr(file: SecretFile, thrown: unknown): undefined {
  if (thrown instanceof SettingError) throw thrown;
  const { code = "unknown error" } = thrown as NodeJS.ErrnoException;
  if (code === "ENOENT" && file.passing) return undefined;
  throw new SettingError(`${nameOf(file)} cannot be read (${code}).`, { cause: thrown });
}
