/** What a person reads: one line of plain words for each frame of a dice table. */
import { decode } from "#protocol/frame.ts";
import { Command as DiceCommand, SceneNoticeSchema, SettlementNoticeSchema, ShakeResponseSchema } from "#protocol/gen/dice_pb.ts";
import { Command, ErrorResponseSchema, Int32Schema, Int64Schema, NoticeSchema, StringSchema, UserSchema } from "#protocol/gen/frame_pb.ts";

const disconnects: Readonly<Record<number, string>> = {
  0: "the room is away: sitting down again",
  1: "the room is over",
  2: "a newer connection of yours took your seat",
};

/** How to call a user: oneself is "you". */
type Call = (user: bigint) => string;

const words: Readonly<Record<number, (body: Uint8Array, call: Call) => string>> = {
  [Command.ERROR]: (body) => {
    const { code, desc, detail } = decode(ErrorResponseSchema, body);
    return `refused (${code}): ${[desc, detail].filter(Boolean).join(", ")}`;
  },
  [Command.DISCONNECT]: (body) => disconnects[decode(Int32Schema, body).v] ?? "out of the room",
  [Command.SIT_DOWN]: (body, call) => {
    const { id, seat, online } = decode(UserSchema, body);
    return `${call(id)} at seat ${seat}${online ? "" : ", offline"}`;
  },
  [Command.STAND_UP]: (body, call) => `${call(decode(Int64Schema, body).v)} left`,
  [Command.ONLINE]: (body, call) => {
    const { v } = decode(Int64Schema, body);
    return v < 0n ? `${call(-v)} went offline` : `${call(v)} came back`;
  },
  [Command.PRINT]: (body) => decode(StringSchema, body).v,
  [Command.NOTICE]: (body) => {
    const { text, deadlineMs } = decode(NoticeSchema, body);
    return `notice: ${text || `something happens in ${deadlineMs} ms`}`;
  },
  [DiceCommand.SCENE]: (body, call) => {
    const { status, leftTime, dice } = decode(SceneNoticeSchema, body);
    return `${status ? "a game is on" : "between two games"}, ${seconds(leftTime)} left${listed(dice, call)}`;
  },
  [DiceCommand.START]: (body) => `a new game, ${seconds(decode(Int64Schema, body).v)}`,
  [DiceCommand.SHAKE]: (body, call) => {
    const { userId, dicePoints } = decode(ShakeResponseSchema, body);
    return `${call(userId)} rolled${dicePoints === 0 ? "" : ` ${dicePoints}`}`;
  },
  [DiceCommand.SETTLEMENT]: (body, call) => {
    const { winner, dice, idleDuration } = decode(SettlementNoticeSchema, body);
    const won = winner.length === 0 ? "nobody rolled" : `${winner.map(call).join(" and ")} won`;
    return `game over: ${won}${listed(dice, call)}, next in ${seconds(idleDuration)}`;
  },
};

/** The line for a frame as `self` reads it; a command without words shows its number. */
export function say(command: number, body: Uint8Array, self: bigint): string {
  const call: Call = (user) => (user === self ? "you" : `user ${user}`);
  return words[command]?.(body, call) ?? `command ${command}, ${body.length} bytes`;
}

function listed(dice: Readonly<Record<string, number>>, call: Call): string {
  const rolls = Object.entries(dice).map(([user, points]) => `${call(BigInt(user))} ${points || "hidden"}`);
  return rolls.length === 0 ? "" : ` (${rolls.join(", ")})`;
}

function seconds(ms: bigint): string {
  return `${(Number(ms) / 1000).toFixed(1)} s`;
}
