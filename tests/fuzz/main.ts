/**
 * `npm run test:fuzz [-- --seconds 60] [--seed N] [--keep] [NAME…]`: every fuzzer for so long, one after the other. What breaks a rule is
 * kept in the corpus, and fails from then on in `npm test`, too. --keep: so is what reaches new code. NAME…: only these.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";

const root = join(import.meta.dirname, "../..");

function main(): number {
  const options = {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    keep: { type: "boolean", default: false },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  for (const [name, value] of Object.entries({ seconds: values.seconds, seed: values.seed })) {
    if (value !== undefined && !/^[1-9][0-9]{0,8}$/.test(value)) throw new TypeError(`--${name} is a whole number from 1 on`);
  }
  const known = globSync("tests/fuzz/*.fuzz.test.ts", { cwd: root }).toSorted();
  const files = known.filter((file) => positionals.length === 0 || positionals.includes(basename(file, ".fuzz.test.ts")));
  if (files.length === 0) throw new TypeError(`no fuzzer is called ${positionals}`);
  const env = {
    ...process.env,
    FUZZ_SECONDS: values.seconds,
    ...(values.keep && { FUZZ_KEEP: "1" }),
    ...(values.seed && { FUZZ_SEED: values.seed }),
  };
  return spawnSync(process.execPath, ["--test", "--test-concurrency=1", ...files], { cwd: root, stdio: "inherit", env }).status ?? 1;
}

try {
  process.exitCode = main();
} catch (thrown) {
  if (!(thrown instanceof TypeError)) throw thrown;
  process.stderr.write(`${thrown.message}\nusage: test:fuzz [--seconds N] [--seed N] [--keep] [NAME…]\n`);
  process.exitCode = 78;
}
