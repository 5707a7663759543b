/** Frames of dice tables as short lines, for tests to compare. */
import { systemLine } from "#game_server/testing/readable.ts";
import { bodyOf, commandOf, decode, type Frame } from "#protocol/frame.ts";
import { Command, SceneNoticeSchema, SettlementNoticeSchema, ShakeResponseSchema } from "#protocol/gen/dice_pb.ts";
import { Int64Schema } from "#protocol/gen/frame_pb.ts";

const readers: Readonly<Record<number, (body: Uint8Array) => string>> = {
  [Command.SCENE]: (body) => {
    const { status, dice } = decode(SceneNoticeSchema, body);
    return `Scene ${status ? "playing" : "idle"} ${JSON.stringify(dice)}`;
  },
  [Command.START]: (body) => `Start ${decode(Int64Schema, body).v}`,
  [Command.SHAKE]: (body) => {
    const { userId, dicePoints } = decode(ShakeResponseSchema, body);
    return `Shake ${userId}${dicePoints === 0 ? "" : ` ${dicePoints}`}`;
  },
  [Command.SETTLEMENT]: (body) => {
    const { winner, dice } = decode(SettlementNoticeSchema, body);
    return `Settlement [${winner.join(" ")}] ${JSON.stringify(dice)}`;
  },
};

/** One line for a frame; a command without a reader shows its number and size. */
export function readable(frame: Frame): string {
  return readers[commandOf(frame)]?.(bodyOf(frame)) ?? systemLine(frame);
}
