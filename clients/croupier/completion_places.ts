/**
 * What may be typed where, for the scripts of every shell. They hold the whole table, so that nothing is asked while
 * somebody types.
 */
import type { Command, Commands } from "./command.ts";
import { type Flag, flagRow, flags } from "./flags.ts";
import type { Completes } from "./operand.ts";

export interface Choice {
  readonly word: string;
  readonly about: string;
}

export interface Place {
  /** The words that stand before, without flags and what belongs to them. */
  readonly typed: string;
  /** Words of commands that follow. */
  readonly choices: readonly Choice[];
  /** At the end of a command: what it takes. */
  readonly command: Command | undefined;
}

/** The beginning, nouns, and commands. */
export function placesOf(commands: Commands): Place[] {
  const names = [...commands].map(([name, { about }]) => ({ words: name.split(" "), about }));
  const nouns = names.filter(({ words }) => words.length > 1).map(({ words: [noun = ""] }) => noun);
  const first = new Map(names.map(({ words: [word = ""], about }) => [word, about]));
  for (const noun of nouns) first.set(noun, names.flatMap(({ words }) => (words[0] === noun ? words.slice(1) : [])).join(", "));
  const ofNouns = [...new Set(nouns)].map((noun) => ({
    typed: noun,
    choices: names.flatMap(({ words: [word, verb], about }) => (word === noun && verb !== undefined ? [{ word: verb, about }] : [])),
    command: undefined,
  }));
  return [
    { typed: "", choices: [...first].map(([word, about]) => ({ word, about })), command: undefined },
    ...ofNouns,
    ...[...commands].map(([typed, command]) => ({ typed, choices: [], command })),
  ];
}

/** What may stand where operands do. */
export function operandsComplete({ operands }: Command): Completes | undefined {
  return operands.find(({ completes }) => completes !== undefined)?.completes;
}

/** Those that something stands behind. */
export const valuedFlags = (Object.keys(flags) as Flag[]).filter((flag) => flagRow(flag).value !== undefined);

export function flagChoices({ flags: ofCommand }: Command): Choice[] {
  return [...ofCommand, "help" as const].map((flag) => ({ word: `--${flag}`, about: flagRow(flag).about }));
}
