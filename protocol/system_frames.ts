/**
 * The frames the system itself sends to clients, whatever the game: one function per
 * command of `frame.proto`. Rooms and gates say these; games say their own.
 */
import { encode, type Frame, frame } from "./frame.ts";
import {
  Command,
  type DisconnectReason,
  type ErrorResponse_Code,
  ErrorResponseSchema,
  Int32Schema,
  Int64Schema,
  type Notice,
  NoticeSchema,
  StringSchema,
  UserSchema,
} from "./gen/frame_pb.ts";
import type { Refused } from "./refusals.ts";

/** Error: a request refused. Production keeps the detail to itself. */
export function errorFrame(refused: Refused, development: boolean): Frame {
  const code = refused.refusal.code as ErrorResponse_Code;
  return encode(Command.ERROR, ErrorResponseSchema, { code, desc: refused.desc, detail: development ? refused.detail : "" });
}

/** Disconnect: the session is out of its room. The WebSocket stays open. */
export function disconnectFrame(reason: DisconnectReason): Frame {
  return encode(Command.DISCONNECT, Int32Schema, { v: reason });
}

/** SitDown: `user` sits at `seat`. A user who is offline keeps his seat. */
export function sitDownFrame(user: number, seat: number, online: boolean): Frame {
  return encode(Command.SIT_DOWN, UserSchema, { id: BigInt(user), seat, online });
}

/** StandUp: `user` has left the room. */
export function standUpFrame(user: number): Frame {
  return encode(Command.STAND_UP, Int64Schema, { v: BigInt(user) });
}

/** Online: `user` is back (+user) or cut off with his seat kept (−user). */
export function onlineFrame(user: number, online: boolean): Frame {
  return encode(Command.ONLINE, Int64Schema, { v: BigInt(online ? user : -user) });
}

/** A dump is for reading: it is cut before its frame could be too large. */
const printCharactersMax = 8000;

/** Print: a readable dump. */
export function printFrame(text: string): Frame {
  return encode(Command.PRINT, StringSchema, { v: text.slice(0, printCharactersMax) });
}

/** Notice: something happens to this room or gate, `deadlineMs` from now. */
export function noticeFrame(notice: Pick<Notice, "reason" | "action" | "text"> & { deadlineMs: number }): Frame {
  return encode(Command.NOTICE, NoticeSchema, { ...notice, deadlineMs: BigInt(Math.round(notice.deadlineMs)) });
}

/** Token: the new token is accepted. */
export function tokenAcceptedFrame(): Frame {
  return frame(Command.TOKEN);
}
