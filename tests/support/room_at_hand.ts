/** A room at hand whose lines are those of dice, and whose users can roll. */
import type { Game } from "#game_server/game.ts";
import { type RoomAtHandOptions, RoomAtHand as RoomOfAnyGame } from "#game_server/testing/room_at_hand.ts";
import { encode } from "#protocol/frame.ts";
import { Command } from "#protocol/gen/dice_pb.ts";
import { Int32Schema } from "#protocol/gen/frame_pb.ts";
import { readable } from "./readable.ts";

export type { RoomAtHandOptions } from "#game_server/testing/room_at_hand.ts";

export class RoomAtHand extends RoomOfAnyGame {
  constructor(game: Game<unknown>, options: RoomAtHandOptions = {}) {
    super(game, { readable, ...options });
  }

  shake(user: number, face = 0): void {
    this.send(user, encode(Command.SHAKE, Int32Schema, { v: face }));
  }
}
