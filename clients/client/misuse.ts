/** What TypeScript must not let through: checked with all other files, and never run. */
import type { dice } from "#protocol/dice.ts";
import { defineGame } from "#protocol/game_protocol.ts";
import { Int32Schema } from "#protocol/gen/frame_pb.ts";
import type { rocket } from "#protocol/rocket.ts";
import type { Room } from "./room.ts";
import type { ClientState } from "./states.ts";

export function misuse(table: Room<typeof dice>, pad: Room<typeof rocket>, state: ClientState): void {
  // @ts-expect-error: no command of dice
  table.send("jump");
  // @ts-expect-error: an event, and no command
  table.send("settlement");
  // @ts-expect-error: a field that the message does not have
  table.send("shake", { face: 6 });
  // @ts-expect-error: a number is wanted
  table.send("shake", { v: "6" });
  // @ts-expect-error: its body is empty
  pad.send("jump", { height: 6 });
  // @ts-expect-error: no event of dice
  table.on("burst", () => {});
  // @ts-expect-error: points are a number
  table.on("shaken", ({ dicePoints }) => dicePoints.toUpperCase());
  // @ts-expect-error: a command without a body has an event of its own
  table.on("shake", () => {});
  // @ts-expect-error: no refusal of dice
  table.on("refused", ({ code }) => code === "alreadyJumped");
  // @ts-expect-error: a room of dice is none of rocket
  const other: Room<typeof rocket> = table;
  // @ts-expect-error: true of one state only
  state.deadlineMs;
  // @ts-expect-error: no state is called so
  if (state.is === "connected") other.leave();
  // @ts-expect-error: every room has an event of that name
  defineGame({ name: "bell", commands: {}, events: { players: [301, Int32Schema] } });
  // @ts-expect-error: a number first
  defineGame({ name: "bell", commands: { ring: [Int32Schema] }, events: {} });
}
