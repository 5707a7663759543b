/** Dice as its clients know it (PROTOCOL §4). */
import { defineGame } from "./game_protocol.ts";
import { Command, SceneNoticeSchema, SettlementNoticeSchema, ShakeResponseSchema } from "./gen/dice_pb.ts";
import { Int32Schema, Int64Schema } from "./gen/frame_pb.ts";

export type { SceneNotice, SettlementNotice, ShakeResponse } from "./gen/dice_pb.ts";

/** Everyone rolls once in 30 s; the most points win. */
export const dice = defineGame({
  name: "dice",
  commands: {
    /** `v`: 0 is a random roll, 1 to 6 that face, in development only. */
    shake: [Command.SHAKE, Int32Schema],
  },
  events: {
    /** The table as it is: after sitting down, and after coming back. */
    scene: [Command.SCENE, SceneNoticeSchema],
    /** A game begins; `v`: its length in milliseconds. */
    start: [Command.START, Int64Schema],
    /** Somebody has rolled; with his points only to himself. */
    shaken: [Command.SHAKE, ShakeResponseSchema],
    /** A game is over: who had which points, and who won. */
    settlement: [Command.SETTLEMENT, SettlementNoticeSchema],
  },
  refusals: {
    /** One roll in a game. */
    alreadyShaken: { code: 10_001, desc: "already shaken the dice", retry: false },
  },
});
