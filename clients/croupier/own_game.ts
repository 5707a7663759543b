/** Games of one's own: a folder to begin with, what is generated in it, and a server that follows it. Of a checkout, not of an image. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Given } from "./command.ts";
import { print } from "./say.ts";
import { Trouble } from "./words.ts";

export async function newGame({ operand }: Given): Promise<void> {
  needCheckout();
  const { writeGame } = await import("#dev/new_game.ts");
  print(await writeGame(operand));
}

export async function developGame({ operand }: Given): Promise<void> {
  needCheckout();
  const { develop } = await import("#dev/develop.ts");
  await develop(operand || ".");
}

export async function generateGame({ operand }: Given): Promise<void> {
  needCheckout();
  const { generate } = await import("#dev/generate.ts");
  await generate(resolve(operand || "."));
}

/** An image has what is needed to run, not to write. */
function needCheckout(): void {
  if (!existsSync(new URL("../../dev", import.meta.url)))
    throw new Trouble("games are written in a checkout of Croupier, and this is none.");
}
