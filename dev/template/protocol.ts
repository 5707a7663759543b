/** The game as its clients know it. */
import { defineGame } from "croupier/game";
import { Command, ResultSchema, SceneSchema, ShownSchema, ShowSchema } from "./gen/game_pb.ts";

export const protocol = defineGame({
  name: "my-game",
  commands: {
    show: [Command.SHOW, ShowSchema],
  },
  events: {
    /** After sitting down, and after coming back. */
    scene: [Command.SCENE, SceneSchema],
    shown: [Command.SHOW, ShownSchema],
    result: [Command.RESULT, ResultSchema],
  },
  refusals: {
    alreadyShown: { code: 10_001, desc: "already shown a hand", retry: false },
  },
});
