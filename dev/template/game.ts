/** Rock, paper, scissors for two. Who is waited for has ten seconds, then the round is the other's. */
import { decode, encode, type Game, Refused, type Table } from "croupier/game";
import { Command, Hand, ResultSchema, SceneSchema, ShownSchema, ShowSchema } from "./gen/game_pb.ts";
import { protocol } from "./protocol.ts";

const waitMs = 10_000;
const pointsForWin = 1;

/** All that a room remembers: plain data, which is written down, moved and restored. */
export interface State {
  /** User to hand, in this round. */
  hands: Record<string, Hand>;
  /** User to rounds won. */
  points: Record<string, number>;
}

export const game: Game<State> = {
  name: protocol.name,
  version: 1,
  seats: 2,
  protocol,

  open: () => ({ hands: {}, points: {} }),

  arrive(table, { hands, points }, { user }) {
    table.send(user, encode(Command.SCENE, SceneSchema, { points, shown: Object.keys(hands).map(BigInt) }));
  },

  leave(table, state, { user }) {
    delete state.hands[user];
    delete state.points[user];
    if (Object.keys(state.hands).length === 0) table.stopTimer("wait");
    return true;
  },

  message(table, state, { user, isWatcher }, command, body) {
    if (command !== Command.SHOW) throw new Refused("unknownCommand", { of: command });
    if (isWatcher) throw new Refused("watcherOperate");
    if (state.hands[user] !== undefined) throw new Refused(protocol.refusals.alreadyShown);
    const { hand } = decode(ShowSchema, body);
    if (hand < Hand.ROCK || hand > Hand.SCISSORS) throw new Refused("badRequest", { detail: `${hand} is no hand` });
    state.hands[user] = hand;
    table.sendAll(encode(Command.SHOW, ShownSchema, { user: BigInt(user) }));
    if (Object.keys(state.hands).length === 2) settle(table, state);
    else table.startTimer("wait", waitMs);
  },

  timer: settle,

  dissolve() {},

  phase: ({ hands }) => (Object.keys(hands).length === 0 ? "open" : "waiting"),

  print: (_table, { hands, points }) => `shown ${Object.keys(hands).join(", ") || "none"}, points ${JSON.stringify(points)}`,
};

function settle(table: Table, state: State): void {
  const { hands, points } = state;
  const winner = winnerOf(Object.entries(hands));
  if (winner !== undefined) points[winner] = (points[winner] ?? 0) + pointsForWin;
  state.hands = {};
  table.stopTimer("wait");
  table.sendAll(encode(Command.RESULT, ResultSchema, { hands, winner: BigInt(winner ?? 0), points }));
  table.logSettlement(points);
}

/** Of two hands each beats the one before it, and rock scissors. */
function winnerOf([first, second]: [user: string, hand: Hand][]): string | undefined {
  if (first === undefined || second === undefined) return first?.[0];
  const ahead = (first[1] - second[1] + 3) % 3;
  if (ahead === 0) return undefined;
  return ahead === 1 ? first[0] : second[0];
}
