/** A game in which nothing happens: players come and go. A test writes what it is about, and takes the rest from here. */
import type { Game } from "#game_server/game.ts";

export const quiet = {
  name: "quiet",
  version: 1,
  open: () => ({}),
  arrive() {},
  leave: () => true,
  message() {},
  timer() {},
  dissolve() {},
  phase: () => "open",
  print: () => "",
} satisfies Game<unknown>;
