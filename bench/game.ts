/**
 * The game that is measured: whoever says something hears it again, alone or with everybody in the room, and the room counts
 * what was said, so that there is a state to write down.
 */
import type { Game } from "#game_server/game.ts";
import { frame } from "#protocol/frame.ts";
import { Refused } from "#protocol/refusals.ts";

export const benchCommands = { ASK: 100, TELL: 101, SCENE: 200, REPLY: 201, EVENT: 202 } as const;

export const bench: Game<{ said: number }> = {
  name: "bench",
  version: 1,
  seats: 4,
  /** A room stays when all have left; with the option `brief` it ends then. */
  open(table, { brief }) {
    if (brief !== true) table.startTimer("over", 3_600_000);
    return { said: 0 };
  },
  arrive: (table, _state, player) => table.send(player.user, frame(benchCommands.SCENE)),
  leave: () => true,
  message(table, state, player, command, body) {
    state.said += 1;
    if (command === benchCommands.ASK) table.send(player.user, frame(benchCommands.REPLY, body));
    else if (command === benchCommands.TELL) table.sendAll(frame(benchCommands.EVENT, body));
    else throw new Refused("unknownCommand");
  },
  timer: (table) => table.dissolve(),
  dissolve() {},
  phase: () => "open",
  print: ({ players }, { said }) => `${players.length} players, ${said} said`,
};
