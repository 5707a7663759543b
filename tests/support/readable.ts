/** Frames as short lines, for tests to compare. */
import { bodyOf, commandOf, decode, type Frame } from "#protocol/frame.ts";
import { Command as DiceCommand, SceneNoticeSchema, SettlementNoticeSchema, ShakeResponseSchema } from "#protocol/gen/dice_pb.ts";
import { Command, ErrorResponseSchema, Int32Schema, Int64Schema, NoticeSchema, StringSchema, UserSchema } from "#protocol/gen/frame_pb.ts";

const readers: Record<number, (body: Uint8Array) => string> = {
  [Command.ERROR]: (body) => {
    const { code, desc } = decode(ErrorResponseSchema, body);
    return `Error ${code} ${desc}`.trim();
  },
  [Command.DISCONNECT]: (body) => `Disconnect ${decode(Int32Schema, body).v}`,
  [Command.SIT_DOWN]: (body) => {
    const { id, seat, online } = decode(UserSchema, body);
    return `SitDown ${id}@${seat}${online ? "" : " offline"}`;
  },
  [Command.STAND_UP]: (body) => `StandUp ${decode(Int64Schema, body).v}`,
  [Command.ONLINE]: (body) => `Online ${decode(Int64Schema, body).v}`,
  [Command.PRINT]: (body) => `Print ${decode(StringSchema, body).v}`,
  [Command.NOTICE]: (body) => {
    const { reason, action, text } = decode(NoticeSchema, body);
    return `Notice ${reason}/${action} ${text}`.trim();
  },
  [Command.TOKEN]: () => "Token",
  [DiceCommand.SCENE]: (body) => {
    const { status, dice } = decode(SceneNoticeSchema, body);
    return `Scene ${status ? "playing" : "idle"} ${JSON.stringify(dice)}`;
  },
  [DiceCommand.START]: (body) => `Start ${decode(Int64Schema, body).v}`,
  [DiceCommand.SHAKE]: (body) => {
    const { userId, dicePoints } = decode(ShakeResponseSchema, body);
    return `Shake ${userId}${dicePoints === 0 ? "" : ` ${dicePoints}`}`;
  },
  [DiceCommand.SETTLEMENT]: (body) => {
    const { winner, dice } = decode(SettlementNoticeSchema, body);
    return `Settlement [${winner.join(" ")}] ${JSON.stringify(dice)}`;
  },
};

/** One line for a frame; a command without a reader shows its number and size. */
export function readable(frame: Frame): string {
  const command = commandOf(frame);
  return readers[command]?.(bodyOf(frame)) ?? `${command} (${frame.length - 4} bytes)`;
}
