/** Frames for people: a name, and the body as JSON, or as hex where nobody has told what it is. */
import { type DescMessage, fromBinary, toJsonString } from "@bufbuild/protobuf";
import type { GameProtocol, MessageKinds } from "#protocol/game_protocol.ts";
import {
  Command,
  ErrorResponseSchema,
  Int32Schema,
  Int64Schema,
  NoticeSchema,
  SitDownRequestSchema,
  StringSchema,
  UserSchema,
} from "#protocol/gen/frame_pb.ts";

const fromServer: MessageKinds = {
  Error: [Command.ERROR, ErrorResponseSchema],
  Disconnect: [Command.DISCONNECT, Int32Schema],
  SitDown: [Command.SIT_DOWN, UserSchema],
  StandUp: [Command.STAND_UP, Int64Schema],
  Online: [Command.ONLINE, Int64Schema],
  Print: [Command.PRINT, StringSchema],
  Notice: [Command.NOTICE, NoticeSchema],
  Token: [Command.TOKEN],
};

const fromPlayer: MessageKinds = {
  SitDown: [Command.SIT_DOWN, SitDownRequestSchema],
  StandUp: [Command.STAND_UP],
  Print: [Command.PRINT],
  Token: [Command.TOKEN, StringSchema],
};

export interface ReadableFrame {
  readonly name: string;
  readonly text: string;
}

export function readEvent(game: GameProtocol | undefined, command: number, body: Uint8Array): ReadableFrame {
  return readFrame({ ...fromServer, ...game?.events }, command, body);
}

export function readCommand(game: GameProtocol | undefined, command: number, body: Uint8Array): ReadableFrame {
  return readFrame({ ...fromPlayer, ...game?.commands }, command, body);
}

function readFrame(kinds: MessageKinds, command: number, body: Uint8Array): ReadableFrame {
  const [name, kind] = Object.entries(kinds).find(([, [number]]) => number === command) ?? [];
  if (name === undefined) return { name: String(command), text: body.toHex() };
  return { name: `${command} ${name}`, text: kind?.[1] === undefined ? body.toHex() : readBody(kind[1], body) };
}

function readBody(schema: DescMessage, body: Uint8Array): string {
  try {
    return toJsonString(schema, fromBinary(schema, body), { alwaysEmitImplicit: true });
  } catch {
    return body.toHex();
  }
}
