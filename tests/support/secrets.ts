/**
 * What no log may say: tokens, keys and passwords, in whatever form, and query strings with a token. Every process that a
 * test starts is looked at when it has ended (process.ts); with KEEP_LOGS=DIR what it said is kept there,
 * one file each, and its secrets beside it, so that all logs of a run can be searched for all of them (`npm run test:secrets`).
 */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Shorter ones are words, and words are in many lines. */
export const secretCharactersMin = 8;

/** The documented keys of development are secrets here, too. */
const developmentKeys = ["ZGVmYXVsdF9rZXk=", "ZGVmYXVsdF9saW5r"];

const secretVariables = [
  "JWT_KEY",
  "JWT_KEY_PREVIOUS",
  "LINK_KEY",
  "LINK_KEY_PREVIOUS",
  "ADMIN_TOKEN",
  "ADMIN_READ_TOKEN",
  "REDIS_PASSWORD",
];

const patterns: Readonly<Record<string, RegExp>> = {
  "a token": /eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g,
  "a query string": /[?&](?:access_)?token=/g,
  "an authorization": /\bBearer\s+[A-Za-z0-9._~+/-]{6,}/g,
  // Sentences that say how a URL is written have one that is nobody's.
  "a password in a URL": /\b[a-z-]+:\/\/(?!user:password@)[^\s/"@]*:[^\s/"@]+@/g,
};

/** The file in a folder of logs that lists every secret of its processes. */
export const secretsFile = "secrets.txt";

export interface Leak {
  readonly what: string;
  readonly count: number;
}

/** The secrets that a process was given. */
export function secretsOf(env: Readonly<Record<string, string | undefined>>): string[] {
  const [, password = ""] = /\/\/[^/@]*:([^/@]+)@/.exec(env["REDIS_URL"] ?? "") ?? [];
  const given = [...secretVariables.map((name) => env[name] ?? ""), password, decodeURIComponent(password)];
  return [...new Set([...developmentKeys, ...given])].filter((secret) => secret.length >= secretCharactersMin);
}

/** What `text` says that it should not. */
export function leaksIn(text: string, secrets: readonly string[]): Leak[] {
  const ofPatterns = Object.entries(patterns).map(([what, pattern]) => ({ what, count: [...text.matchAll(pattern)].length }));
  const ofSecrets = secrets.map((secret, at) => {
    const forms = [...formsOf(secret)];
    return { what: `secret ${at + 1} of ${secrets.length}`, count: forms.reduce((sum, form) => sum + text.split(form).length - 1, 0) };
  });
  return [...ofPatterns, ...ofSecrets].filter(({ count }) => count > 0);
}

/** As it is, as it is in JSON and in a URL, and the bytes that it stands for. */
function formsOf(secret: string): Set<string> {
  const bytes = Buffer.from(secret, "base64");
  const decoded = [
    bytes.toString("utf8"),
    bytes.toString("latin1"),
    bytes.toString("hex"),
    bytes.toString("base64"),
    bytes.toString("base64url"),
  ];
  const plain = [secret, ...(isBase64(secret) ? decoded : [])];
  const all = plain.flatMap((form) => [form, JSON.stringify(form).slice(1, -1), encodeURIComponent(form.toWellFormed())]);
  return new Set(all.filter((form) => form.length >= secretCharactersMin));
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) && text.length % 4 === 0;
}

let kept = 0;

/** Keeps what a process, called `name`, has said, where KEEP_LOGS says. */
export function keepLog(name: string, text: string, secrets: readonly string[]): void {
  const folder = process.env["KEEP_LOGS"];
  if (folder === undefined || folder === "") return;
  mkdirSync(folder, { recursive: true });
  kept += 1;
  writeFileSync(join(folder, `${process.pid}-${String(kept).padStart(4, "0")}-${basename(name)}.log`), text);
  appendFileSync(join(folder, secretsFile), secrets.map((secret) => `${secret}\n`).join(""));
}
