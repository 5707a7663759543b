/**
 * The flood: a game that says as much as it is asked to, made to fill queues. Echoes beside
 * it show what that costs the others.
 *
 *     client ── pour {bytes, everyMs} ──> room ──> water of so many bytes to everyone, so often; everyMs 0: no more
 *     client ── splash {bytes, count} ──> room ──> so many waters to everyone in one turn
 *     client ── echo <anything> ────────> room ──> the same to its sender
 *     client ── load {bytes} ───────────> room     whose state is so large from then on
 *     client ── stay ───────────────────> room     he may not leave: he goes offline and keeps his seat
 */
import type { Game } from "#game_server/game.ts";
import { type Frame, frame } from "#protocol/frame.ts";
import { Refused } from "#protocol/refusals.ts";

export const Command = {
  POUR: 100,
  SPLASH: 101,
  ECHO: 102,
  STAY: 103,
  LOAD: 104,
  ARRIVED: 200,
  WATER: 201,
  ECHOED: 202,
  STAYS: 203,
} as const;

interface FloodState {
  bytes: number;
  readonly stayers: number[];
  ballast: string;
}

export const flood: Game<FloodState> = {
  name: "flood",
  version: 1,
  seats: 64,

  open: () => ({ bytes: 0, stayers: [], ballast: "" }),

  arrive(table, _state, player) {
    table.send(player.user, frame(Command.ARRIVED));
  },

  leave: (_table, state, player) => !state.stayers.includes(player.user),

  message(table, state, player, command, body) {
    switch (command) {
      case Command.POUR: {
        const { bytes = 0, everyMs = 0 } = numbers(body);
        state.bytes = bytes;
        if (everyMs === 0) table.stopTimer("pour");
        else table.startTicker("pour", everyMs);
        return;
      }
      case Command.SPLASH: {
        const { bytes = 0, count = 0 } = numbers(body);
        for (let at = 0; at < count; at++) table.sendAll(water(bytes));
        return;
      }
      case Command.ECHO:
        return table.send(player.user, frame(Command.ECHOED, body));
      case Command.STAY:
        state.stayers.push(player.user);
        return table.send(player.user, frame(Command.STAYS));
      case Command.LOAD:
        state.ballast = "x".repeat(numbers(body)["bytes"] ?? 0);
        return;
      default:
        throw new Refused("unknownCommand", { of: command });
    }
  },

  timer(table, state) {
    table.sendAll(water(state.bytes));
  },

  dissolve() {},
  phase: () => "open",
  print: (_table, state) => `${state.bytes} bytes`,
};

/** A frame that asks for more of it. */
export function pour(bytes: number, everyMs: number): Frame {
  return asked(Command.POUR, { bytes, everyMs });
}

export function splash(bytes: number, count: number): Frame {
  return asked(Command.SPLASH, { bytes, count });
}

export function load(bytes: number): Frame {
  return asked(Command.LOAD, { bytes });
}

function asked(command: number, what: Record<string, number>): Frame {
  return frame(command, new TextEncoder().encode(JSON.stringify(what)));
}

function numbers(body: Uint8Array): Record<string, number> {
  return JSON.parse(new TextDecoder().decode(body)) as Record<string, number>;
}

function water(bytes: number): Frame {
  return frame(Command.WATER, new Uint8Array(bytes));
}
