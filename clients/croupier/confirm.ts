/** What cannot be taken back is asked for at a terminal; where there is none, somebody must have said yes before. */
import { createInterface } from "node:readline";
import { SettingError } from "#runtime/settings.ts";
import { Trouble } from "./words.ts";

/**
 * Returns when the answer is yes. `question`: without its mark, such as `dissolve dice/1`.
 * @throws {Trouble} when it is no, {SettingError} when there is nobody to be asked.
 */
export async function confirm(question: string, { yes = false }: { yes?: boolean }): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw new SettingError(`it cannot be taken back, and nobody can be asked: say --yes.`);
  process.stderr.write(`${question}? [y/N] `);
  const answer = await readAnswer();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Trouble("nothing was done.");
}

/** One line; "" when the terminal has none any more. Ctrl-C ends the process, as ever. */
async function readAnswer(): Promise<string> {
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    for await (const line of lines) return line;
    process.stderr.write("\n");
    return "";
  } finally {
    lines.close();
    process.stdin.destroy();
  }
}
