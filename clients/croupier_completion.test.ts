/** The scripts by which shells complete the operator's command line, in real shells. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { croupier } from "#tests/support/croupier.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { spawnRun } from "#tests/support/process.ts";
import { has } from "#tests/support/skip.ts";
import { commands } from "./croupier/commands.ts";

/** The script, in a folder with two files and a folder. */
async function scriptOf(t: TestContext, shell: string): Promise<{ folder: string; script: string }> {
  const folder = dataFolder(t);
  const script = join(folder, "script");
  const said = await croupier(t, `completion ${shell}`);
  assert.deepEqual([said.code, said.errors], [0, ""]);
  writeFileSync(script, said.lines.join("\n"));
  for (const file of ["a.log", "with space.log"]) writeFileSync(join(folder, file), "");
  mkdirSync(join(folder, "inner"));
  return { folder, script };
}

/** What a shell offers for each of these lines, sorted; undefined: the shell is not here. */
async function offered(t: TestContext, shell: Shell, lines: readonly string[]): Promise<string[][] | undefined> {
  if (!has(t, shell)) return undefined;
  const { folder, script } = await scriptOf(t, shell);
  assert.equal(run(shell, ["-n", script], folder), "", "its syntax");
  return lines.map((line) =>
    run(shell, ["-c", asking[shell](script), shell, line], folder)
      .split("\n")
      .filter((word) => word !== "")
      .toSorted(),
  );
}

type Shell = "bash" | "fish";

/** How each is asked without a terminal: the line is the first argument. */
const asking: Readonly<Record<Shell, (script: string) => string>> = {
  bash: (script) => `. '${script}'; COMP_LINE=$1 COMP_POINT=\${#1}; _croupier; printf '%s\\n' "\${COMPREPLY[@]}"`,
  fish: (script) => `source '${script}'; complete -C $argv[2] | string replace -r '\\t.*' ''`,
};

function run(shell: string, args: readonly string[], folder: string): string {
  const { stdout, stderr } = spawnSync(shell, args, { cwd: folder, encoding: "utf8", env: { PATH: process.env["PATH"], HOME: folder } });
  assert.equal(stderr, "");
  return stdout;
}

const verbs = (noun: string): string[] =>
  [...commands.keys()].flatMap((name) => (name.startsWith(`${noun} `) ? name.split(" ").slice(1) : []));
const flagsOf = (name: string): string[] => [...(commands.get(name)?.flags ?? []), "help"].map((flag) => `--${flag}`);

for (const shell of ["bash", "fish"] as const) {
  test(`[croupier] completion in ${shell}: commands, flags, words that are known, and files`, async (t) => {
    const questions: Readonly<Record<string, readonly string[]>> = {
      "croupier ": [...new Set([...commands.keys()].map((name) => name.split(" ")[0] ?? ""))],
      "croupier ro": ["rollout", "rooms"],
      "croupier rooms ": verbs("rooms"),
      "croupier --admin http://127.0.0.1:1 rooms di": ["dissolve"],
      "croupier rooms ls --": flagsOf("rooms ls"),
      "croupier rooms ls --game dice --ph": ["--phase"],
      "croupier rooms dissolve dice/1 --y": ["--yes"],
      "croupier sessions ls --stage s": ["seated"],
      "croupier logs --level=wa": shell === "bash" ? ["warn"] : ["--level=warn"],
      "croupier log-level d": ["debug"],
      "croupier completion ": ["bash", "fish", "zsh"],
      "croupier logs a": ["a.log"],
      "croupier logs --user 7 --": flagsOf("logs"),
      "croupier journal ls --data-dir x": [],
    };
    const found = await offered(t, shell, Object.keys(questions));
    if (found === undefined) return;
    for (const [at, [line, expected]] of Object.entries(questions).entries()) assert.deepEqual(found[at], expected.toSorted(), line);
  });
}

/** How a shell without anybody's settings is started at a terminal, and what it must know beforehand. */
const interactive = {
  bash: { command: "bash --norc -i", first: "" },
  zsh: { command: "zsh -f -i", first: "autoload -Uz compinit; compinit -u -D; " },
} as const;

for (const shell of ["bash", "zsh"] as const) {
  test(`[croupier] completion in ${shell} at a terminal: what is begun there and ended by Tab is the whole word`, async (t) => {
    if (!has(t, shell)) return;
    const { folder, script } = await scriptOf(t, shell);
    assert.equal(run(shell, ["-n", script], folder), "", "its syntax");
    const { command, first } = interactive[shell];
    const typing = spawnRun(t, "script", ["-qec", `cd '${folder}' && exec ${command}`, "/dev/null"], { HOME: folder, TERM: "dumb" });
    typing.write(`${first}. '${script}'; croupier() { printf 'given:%s\\n' "$*"; }; echo is ready | tr a-z A-Z\n`);
    await typing.until((line) => line.includes("IS READY"));
    for (const [typed, given] of [
      ["roo\tdi\tdice/1 --y\t", "rooms dissolve dice/1 --yes"],
      ["--admin http://127.0.0.1:1 ses\tk\t", "--admin http://127.0.0.1:1 sessions kick"],
      ["logs --level wa\twith\t", "logs --level warn with space.log"],
      ["log-l\tde\t", "log-level debug"],
      ["journal ls --data-dir in\t", "journal ls --data-dir inner"],
    ] as const) {
      typing.write(`croupier ${typed}\n`);
      await typing.until((line) => line.trimEnd().replace(/\/$/, "").endsWith(`given:${given}`));
    }
    typing.write("exit\n");
    await typing.exited;
  });
}
