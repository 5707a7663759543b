/** Frames as short lines, for tests to compare: `SitDown 1@0`, `Error 112 not in a room`, `shown {"user":"1"}`. */
import { type DescMessage, toJson } from "@bufbuild/protobuf";
import { bodyOf, commandOf, decode, type Frame } from "#protocol/frame.ts";
import type { GameProtocol } from "#protocol/game_protocol.ts";
import { Command, ErrorResponseSchema, Int32Schema, Int64Schema, NoticeSchema, StringSchema, UserSchema } from "#protocol/gen/frame_pb.ts";

const readers: Readonly<Record<number, (body: Uint8Array) => string>> = {
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
};

/** The line of a frame that every room sends; a command without a reader shows its number and size. */
export function systemLine(frame: Frame): string {
  const command = commandOf(frame);
  return readers[command]?.(bodyOf(frame)) ?? `${command} (${frame.length - 4} bytes)`;
}

/** The line of any frame of a game: its events by name, and what they say as JSON. */
export function readableBy(protocol: GameProtocol | undefined): (frame: Frame) => string {
  const events = new Map(Object.entries(protocol?.events ?? {}).map(([name, [command, schema]]) => [command, { name, schema }]));
  return (frame) => {
    const event = events.get(commandOf(frame));
    return event === undefined ? systemLine(frame) : `${event.name}${jsonOf(event.schema, bodyOf(frame))}`;
  };
}

function jsonOf(schema: DescMessage | undefined, body: Uint8Array): string {
  return schema === undefined ? "" : ` ${JSON.stringify(toJson(schema, decode(schema, body)))}`;
}
