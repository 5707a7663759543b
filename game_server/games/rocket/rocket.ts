/**
 * Rocket: it climbs ten times a second and bursts at a height nobody knows; who jumps last
 * before it bursts wins. It is here to show a game that ticks.
 *
 *     open ──> WAITING 3 s ──launch──> FLYING, a tick each 100 ms ──burst, or all have jumped──> WAITING …
 *                                                                └─ nobody seated: the room ends
 */
import type { Game, Player, Table } from "#game_server/game.ts";
import { encode } from "#protocol/frame.ts";
import { BurstNoticeSchema, Command, JumpNoticeSchema, SceneNoticeSchema, TickNoticeSchema } from "#protocol/gen/rocket_pb.ts";
import { Refused } from "#protocol/refusals.ts";
import { rocket as protocol } from "#protocol/rocket.ts";

const waitMs = 3_000;
const tickMs = 100;
/** A flight lasts between one and ten seconds. */
const burstHeightMin = 10;
const burstHeightMax = 100;

export interface RocketState {
  phase: "waiting" | "flying";
  height: number;
  /** Drawn at the launch; no client learns it before. */
  burstHeight: number;
  /** User to the height he jumped at, 0 = aboard: this flight's, or the last one's. */
  crew: Record<string, number>;
}

export const rocket: Game<RocketState> = {
  name: protocol.name,
  version: 1,
  protocol,
  seats: 6,

  open(table) {
    table.startTimer("launch", waitMs);
    return { phase: "waiting", height: 0, burstHeight: 0, crew: {} };
  },

  arrive(table, state, player) {
    const leftTime = BigInt(Math.round(table.leftMs("launch")));
    const fields = { flying: state.phase === "flying", leftTime, height: state.height, crew: state.crew };
    table.send(player.user, encode(Command.SCENE, SceneNoticeSchema, fields));
  },

  leave: () => true,

  message(table, state, player, command) {
    if (command !== Command.JUMP) throw new Refused("unknownCommand", { of: command });
    if (player.isWatcher) throw new Refused("watcherOperate");
    if (state.phase !== "flying" || state.crew[player.user] === undefined) throw new Refused("statusMismatch");
    if (state.crew[player.user] !== 0) throw new Refused(protocol.refusals.alreadyJumped);
    jump(table, state, player);
  },

  timer(table, state, name) {
    if (name === "launch") launch(table, state);
    else climb(table, state);
  },

  dissolve(table, state) {
    if (state.phase === "flying") burst(table, state);
  },

  phase: (state) => state.phase,

  print: (_table, state) => `height ${state.height}, crew ${JSON.stringify(state.crew)}`,
};

function launch(table: Table, state: RocketState): void {
  const crew = table.players.filter((player) => !player.isWatcher);
  if (crew.length === 0) return table.dissolve();
  state.phase = "flying";
  state.height = 0;
  state.burstHeight = table.random(burstHeightMin, burstHeightMax);
  state.crew = Object.fromEntries(crew.map(({ user }) => [user, 0]));
  table.startTicker("climb", tickMs);
  table.sendAll(encode(Command.TICK, TickNoticeSchema, { height: 0 }));
}

function climb(table: Table, state: RocketState): void {
  state.height += 1;
  if (state.height >= state.burstHeight) burst(table, state);
  else table.sendAll(encode(Command.TICK, TickNoticeSchema, { height: state.height }));
}

function jump(table: Table, state: RocketState, { user }: Player): void {
  // A jump before the first tick counts as height 1: 0 says aboard.
  const height = Math.max(1, state.height);
  state.crew[user] = height;
  table.sendAll(encode(Command.JUMP, JumpNoticeSchema, { userId: BigInt(user), height }));
  if (Object.values(state.crew).every((jumped) => jumped > 0)) burst(table, state);
}

function burst(table: Table, state: RocketState): void {
  const highest = Math.max(0, ...Object.values(state.crew));
  const jumpers = Object.entries(state.crew).filter(([, height]) => height > 0 && height === highest);
  state.phase = "waiting";
  table.stopTimer("climb");
  table.startTimer("launch", waitMs);
  const winner = jumpers.map(([user]) => BigInt(user));
  table.sendAll(encode(Command.BURST, BurstNoticeSchema, { height: state.height, winner, crew: state.crew, idleDuration: BigInt(waitMs) }));
  table.logSettlement(state.crew);
  if (table.players.every((player) => player.isWatcher)) table.dissolve();
}
