/**
 * The operator's command line: from what was typed to a command, and how it ends. Which commands there are is in
 * croupier/commands.ts.
 */
import { SettingError } from "#runtime/settings.ts";
import { isMeant, readTyped } from "./croupier/command.ts";
import { commands } from "./croupier/commands.ts";
import { exitTrouble, exitUsage, print } from "./croupier/say.ts";
import { usageOf } from "./croupier/usage.ts";
import { Trouble } from "./croupier/words.ts";

/** What the usage is of, when something is wrong. */
let name: string | undefined;

async function main(args: readonly string[]): Promise<void> {
  const typed = readTyped(args, commands);
  name = typed.name;
  if (typed.given.flags.help) return print(usageOf(commands, name));
  if (args.length === 0) throw new SettingError("what shall it do?");
  const command = commands.get(name ?? "");
  if (command === undefined || !isMeant(command, typed.given)) throw new SettingError(`it cannot do ${JSON.stringify(args.join(" "))}.`);
  await command.run(typed.given);
}

process.stdout.on("error", () => process.exit()); // `| head` has read enough
try {
  await main(process.argv.slice(2));
} catch (thrown) {
  if (!(thrown instanceof Trouble) && !(thrown instanceof SettingError)) throw thrown;
  const isTrouble = thrown instanceof Trouble;
  process.stderr.write(isTrouble ? `${thrown.message}\n` : `${thrown.message}\n${usageOf(commands, name)}\n`);
  process.exitCode = isTrouble ? exitTrouble : exitUsage;
}
