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
        return [file.env, textOf(file, statSync(file.path), () => readFileSync(file.path))];
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
      const [about, bytes] = [await stat(file.path), await readFile(file.path)];
      texts[file.env] = textOf(file, about, () => bytes);
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

/** Its one line. An editor's newline at the end is none of the secret's. */
function textOf({ env, path }: SecretFile, about: About, read: () => Buffer): string {
  const variable = fileVariableOf(env);
  if (!about.isFile()) throw new SettingError(`${variable}: ${JSON.stringify(path)} is no file.`);
  if (about.size > fileBytesMax) throw new SettingError(`${variable}: ${JSON.stringify(path)} is larger than ${fileBytesMax} bytes.`);
  const text = read()
    .toString("utf8")
    .replace(/[\r\n]+$/, "");
  if (text === "") throw new SettingError(`${variable}: ${JSON.stringify(path)} is empty.`);
  return text;
}

function absentOr({ env, path, passing }: SecretFile, thrown: unknown): undefined {
  if (thrown instanceof SettingError) throw thrown;
  const { code = "unknown error" } = thrown as NodeJS.ErrnoException;
  if (code === "ENOENT" && passing) return undefined;
  throw new SettingError(`${fileVariableOf(env)}: ${JSON.stringify(path)} cannot be read (${code}).`, { cause: thrown });
}
