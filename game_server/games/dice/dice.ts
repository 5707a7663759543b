/**
 * Dice: everyone rolls once, the highest points win (PROTOCOL §4).
 *
 *     open ──> PLAYING 30 s ──settle──> IDLE 5 s ──start──> PLAYING …
 *                  └─ everyone has rolled ─┘      └─ nobody seated at a settlement: the room ends
 */
import type { Game, Player, Table } from "#game_server/game.ts";
import { dice as protocol } from "#protocol/dice.ts";
import { decode, encode } from "#protocol/frame.ts";
import { Command, SceneNoticeSchema, SettlementNoticeSchema, ShakeResponseSchema } from "#protocol/gen/dice_pb.ts";
import { Int32Schema, Int64Schema } from "#protocol/gen/frame_pb.ts";
import { Refused } from "#protocol/refusals.ts";

const gameMs = 30_000;
const idleMs = 5_000;
const faces = 6;
/** A lone roller waits for company. */
const rollsToEndEarly = 2;

export interface DiceState {
  phase: "playing" | "idle";
  /** User to points: this game's while playing, the last game's while idle. */
  points: Record<string, number>;
  /** User to games in which he rolled; of those who are seated. */
  games: Record<string, number>;
}

export const dice: Game<DiceState> = {
  name: protocol.name,
  version: 1,
  protocol,

  open(table) {
    table.startTimer("settle", gameMs);
    return { phase: "playing", points: {}, games: {} };
  },

  arrive(table, state, player) {
    table.send(player.user, scene(table, state, player));
  },

  /** Who has rolled stays in the game until it is settled. */
  leave(_table, state, player) {
    const mayLeave = state.phase === "idle" || !hasRolled(state, player);
    if (mayLeave) delete state.games[player.user];
    return mayLeave;
  },

  message(table, state, player, command, body) {
    if (command !== Command.SHAKE) throw new Refused("unknownCommand", { of: command });
    if (state.phase === "idle") throw new Refused("statusMismatch");
    if (player.isWatcher) throw new Refused("watcherOperate");
    if (hasRolled(state, player)) throw new Refused(protocol.refusals.alreadyShaken);
    roll(table, state, player, readPreset(table, body));
  },

  timer(table, state, name) {
    if (name === "settle") settle(table, state);
    else start(table, state);
  },

  dissolve(table, state) {
    if (state.phase === "playing") settle(table, state);
  },

  phase: (state) => state.phase,

  print(table, state, reader) {
    const shown = Object.entries(shownTo(state, reader)).map(([user, points]) => `user ${user}: ${points || "rolled"}`);
    const games = Object.entries(state.games).map(([user, count]) => `user ${user}: ${count}`);
    return [
      `left ${Math.round(leftMs(table, state))} ms`,
      `dice ${shown.join(", ") || "none"}`,
      `games ${games.join(", ") || "none"}`,
    ].join("\n");
  },
};

/** The preset face of a shake: 0 = random. Presets are for development; production ignores the number. */
function readPreset(table: Table, body: Uint8Array): number {
  const { v: face } = decode(Int32Schema, body);
  if (!table.isDevelopment) return 0;
  if (face < 0 || face > faces) throw new Refused("badRequest", { detail: `a face is a number from 1 to ${faces}` });
  return face;
}

function roll(table: Table, state: DiceState, { user }: Player, preset: number): void {
  const points = preset === 0 ? table.random(1, faces) : preset;
  state.points[user] = points;
  table.sendAllBut([user], encode(Command.SHAKE, ShakeResponseSchema, { userId: BigInt(user) }));
  table.send(user, encode(Command.SHAKE, ShakeResponseSchema, { userId: BigInt(user), dicePoints: points }));
  const seated = table.players.filter((player) => !player.isWatcher);
  const everyoneRolled = seated.every((player) => hasRolled(state, player));
  if (everyoneRolled && Object.keys(state.points).length >= rollsToEndEarly) settle(table, state);
}

function settle(table: Table, state: DiceState): void {
  const rolled = Object.entries(state.points);
  const most = Math.max(...rolled.map(([, points]) => points));
  const winner = rolled.filter(([, points]) => points === most).map(([user]) => BigInt(user));
  state.phase = "idle";
  table.stopTimer("settle");
  table.startTimer("start", idleMs);
  table.sendAll(encode(Command.SETTLEMENT, SettlementNoticeSchema, { idleDuration: BigInt(idleMs), winner, dice: state.points }));
  table.logSettlement(state.points);
  for (const [user] of rolled) state.games[user] = (state.games[user] ?? 0) + 1;
  standUpOffline(table, state);
  if (table.players.every((player) => player.isWatcher)) table.dissolve();
}

function standUpOffline(table: Table, state: DiceState): void {
  for (const player of table.players) {
    if (player.isOnline) continue;
    delete state.games[player.user];
    table.standUp(player.user);
  }
}

function start(table: Table, state: DiceState): void {
  state.phase = "playing";
  state.points = {};
  table.startTimer("settle", gameMs);
  table.sendAll(encode(Command.START, Int64Schema, { v: BigInt(gameMs) }));
}

function scene(table: Table, state: DiceState, reader: Player): Uint8Array {
  const leftTime = BigInt(Math.round(leftMs(table, state)));
  return encode(Command.SCENE, SceneNoticeSchema, { status: state.phase === "playing", leftTime, dice: shownTo(state, reader) });
}

/** While playing a reader sees his own points, and of the others only that they rolled: 0. */
function shownTo(state: DiceState, reader: Player | undefined): Record<string, number> {
  if (state.phase === "idle") return state.points;
  return Object.fromEntries(Object.entries(state.points).map(([user, points]) => [user, Number(user) === reader?.user ? points : 0]));
}

function leftMs(table: Table, { phase }: DiceState): number {
  return table.leftMs(phase === "playing" ? "settle" : "start");
}

function hasRolled(state: DiceState, { user }: Player): boolean {
  return state.points[user] !== undefined;
}
