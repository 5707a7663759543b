/** Rocket as its clients know it (PROTOCOL §5). */
import { defineGame } from "./game_protocol.ts";
import { BurstNoticeSchema, Command, JumpNoticeSchema, SceneNoticeSchema, TickNoticeSchema } from "./gen/rocket_pb.ts";

export const rocket = defineGame({
  name: "rocket",
  commands: {
    jump: [Command.JUMP],
  },
  events: {
    /** The rocket as it is: after sitting down, and after coming back. */
    scene: [Command.SCENE, SceneNoticeSchema],
    /** Ten times a second while it flies; the first one is the launch. */
    tick: [Command.TICK, TickNoticeSchema],
    jumped: [Command.JUMP, JumpNoticeSchema],
    burst: [Command.BURST, BurstNoticeSchema],
  },
  refusals: {
    alreadyJumped: { code: 20_001, desc: "already jumped", retry: false },
  },
});
