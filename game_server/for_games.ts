/** `croupier/game`: what a game from outside, and its client, import of Croupier. The contract, the wire, and nothing that runs. */
export { decode, encode, type Frame, frame } from "#protocol/frame.ts";
export { defineGame, type GameProtocol } from "#protocol/game_protocol.ts";
export { DisconnectReason, Int32Schema, Int64Schema, StringSchema } from "#protocol/gen/frame_pb.ts";
export { type Refusal, type RefusalName, Refused } from "#protocol/refusals.ts";
export type { Arrival, Game, Player, Table } from "./game.ts";
