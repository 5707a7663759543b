/**
 * `npm run test:secrets DIR`: searches every file in a folder of logs, as KEEP_LOGS=DIR has left them, for tokens, query strings,
 * passwords, and every key that any of those processes had, in whatever form. Exit code 1 on any hit.
 */
import { globSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { leaksIn, secretCharactersMin, secretsFile, secretsOf } from "#tests/support/secrets.ts";

const [folder = ""] = process.argv.slice(2);
const files = globSync(join(folder, "**/*")).filter((path) => basename(path) !== secretsFile && statSync(path).isFile());
if (folder === "" || files.length === 0) {
  process.stderr.write("usage: npm run test:secrets DIR, with the logs that a run with KEEP_LOGS=DIR has left there\n");
  process.exit(78);
}

const secrets = [...new Set([...secretsOf(process.env), ...lines(join(folder, secretsFile))])];
let characters = 0;
let hits = 0;
for (const file of files) {
  const text = readFileSync(file, "utf8");
  characters += text.length;
  for (const { what, count } of leaksIn(text, secrets)) {
    hits += count;
    console.log(`${file}: ${what}, ${count} times`);
  }
}
const size = `${files.length} files, ${(characters / 1e6).toFixed(1)} million characters`;
console.log(`${size}, searched for tokens, query strings, passwords and ${secrets.length} keys: ${hits} hits`);
process.exitCode = hits === 0 ? 0 : 1;

function lines(path: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line.length >= secretCharactersMin);
  } catch {
    return [];
  }
}
