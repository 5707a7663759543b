/**
 * What a player sees of his table: a value, and how it changes by what the room and the client say. It draws nothing and
 * knows no clock: who tells it something says when.
 */
import { type ClientState, type CroupierError, isInRoom, type Notice, type Player } from "#clients/client.ts";
import type { SceneNotice, SettlementNotice, ShakeResponse } from "#protocol/gen/dice_pb.ts";

const settlementsMax = 20;
const happeningsMax = 60;

/** What was said at the table, for its log; `at` tells one from another. */
export type Happening = { readonly at: number } & (
  | { readonly is: "sat" | "watches" | "left" | "offline" | "back" | "rolled"; readonly user: bigint }
  | { readonly is: "points"; readonly points: number }
  | { readonly is: "start" | "paused" | "resumed" | "moved" | "reconnected" }
  | { readonly is: "settlement"; readonly winners: readonly bigint[]; readonly points: number }
  | { readonly is: "refused"; readonly error: CroupierError }
);
type HappeningBody = Happening extends infer One ? (One extends Happening ? Omit<One, "at"> : never) : never;

export interface Settlement {
  /** Counts from 1. */
  readonly number: number;
  readonly winners: readonly bigint[];
  readonly points: ReadonlyMap<bigint, number>;
}

export interface TableState {
  readonly me: bigint;
  readonly client: ClientState;
  readonly notices: readonly Notice[];
  /** What an operator said last. */
  readonly message: string;
  /** Undefined until the first scene. */
  readonly phase: "playing" | "idle" | undefined;
  /** When the phase ends, by the clock of whoever tells. */
  readonly switchesAtMs: number;
  readonly players: readonly Player[];
  /** Of this game, or while idle of the last one; 0: rolled, and hidden. */
  readonly points: ReadonlyMap<bigint, number>;
  readonly winners: readonly bigint[];
  /** He has rolled, and has not been answered. */
  readonly isRolling: boolean;
  /** Newest first. */
  readonly settlements: readonly Settlement[];
  /** Newest last. */
  readonly happenings: readonly Happening[];
  readonly count: number;
}

export type Told =
  | { readonly is: "client"; readonly state: ClientState; readonly me: bigint }
  | { readonly is: "notices"; readonly notices: readonly Notice[] }
  | { readonly is: "message"; readonly text: string }
  | { readonly is: "players"; readonly players: readonly Player[]; readonly seats: number }
  | { readonly is: "scene"; readonly scene: SceneNotice; readonly nowMs: number }
  | { readonly is: "start"; readonly lengthMs: number; readonly nowMs: number }
  | { readonly is: "rolling" }
  | { readonly is: "shaken"; readonly shaken: ShakeResponse }
  | { readonly is: "settlement"; readonly settlement: SettlementNotice; readonly nowMs: number }
  | { readonly is: "refused"; readonly error: CroupierError };

export function emptyTable(client: ClientState): TableState {
  return {
    ...{ me: 0n, client, notices: [], message: "", phase: undefined, switchesAtMs: 0, players: [] },
    ...{ points: new Map(), winners: [], isRolling: false, settlements: [], happenings: [], count: 0 },
  };
}

/** The table after that was told. */
export function tell(state: TableState, told: Told): TableState {
  switch (told.is) {
    case "client":
      return clientChanged({ ...state, me: told.me }, told.state);
    case "notices":
      return { ...state, notices: told.notices };
    case "message":
      return { ...state, message: told.text };
    case "players":
      return happened({ ...state, players: told.players }, ...changesOf(state, told.players, told.seats));
    case "scene":
      return seen(state, told.scene, told.nowMs);
    case "start":
      return started(state, told.nowMs + told.lengthMs);
    case "rolling":
      return { ...state, isRolling: true };
    case "shaken":
      return shaken(state, told.shaken);
    case "settlement":
      return settled(state, told.settlement, told.nowMs);
    case "refused":
      return happened({ ...state, isRolling: false }, { is: "refused", error: told.error });
  }
}

/** Who has rolled in the game that is played. */
export function hasRolled(state: TableState, user: bigint): boolean {
  return state.phase === "playing" && state.points.has(user);
}

/** Whether the seat is kept for him if he leaves: who has rolled stays in the game until it is settled. */
export function keepsSeat(state: TableState): boolean {
  return state.isRolling || hasRolled(state, state.me);
}

/** Whether a roll would count: once a game, however long the answer takes. */
export function canRoll({ phase, points, me, isRolling, client }: TableState): boolean {
  return phase === "playing" && !points.has(me) && !isRolling && isInRoom(client);
}

function clientChanged(state: TableState, client: ClientState): TableState {
  const next = { ...state, client, isRolling: state.isRolling && isInRoom(client) };
  if (client.is === "paused") return happened(next, { is: "paused" });
  if (client.is !== "back" || client.from === "stay") return next;
  return happened(next, { is: ({ pause: "resumed", move: "moved", reconnect: "reconnected" } as const)[client.from] });
}

function seen(state: TableState, { status, leftTime, dice }: SceneNotice, nowMs: number): TableState {
  const points = pointsOf(dice);
  return {
    ...state,
    phase: status ? "playing" : "idle",
    switchesAtMs: nowMs + Number(leftTime),
    points,
    winners: status ? [] : winnersOf(points),
  };
}

function started(state: TableState, switchesAtMs: number): TableState {
  return happened({ ...state, phase: "playing", switchesAtMs, points: new Map(), winners: [], isRolling: false }, { is: "start" });
}

function shaken(state: TableState, { userId, dicePoints }: ShakeResponse): TableState {
  const next = { ...state, points: new Map(state.points).set(userId, dicePoints) };
  if (userId !== state.me) return happened(next, { is: "rolled", user: userId });
  return happened({ ...next, isRolling: false }, { is: "points", points: dicePoints });
}

function settled(state: TableState, { idleDuration, winner, dice }: SettlementNotice, nowMs: number): TableState {
  const points = pointsOf(dice);
  const number = (state.settlements[0]?.number ?? 0) + 1;
  const settlements = [{ number, winners: winner, points }, ...state.settlements].slice(0, settlementsMax);
  const next = { ...state, phase: "idle", switchesAtMs: nowMs + Number(idleDuration), points, winners: winner, settlements } as const;
  return happened(next, { is: "settlement", winners: winner, points: points.get(winner[0] ?? 0n) ?? 0 });
}

/**
 * What others did, as the difference of who was there and who is. Those who are told while one sits down were there before,
 * and so was, unknown to who came back to a kept seat, whoever is told of without a seat: he has dropped, or is back.
 */
function changesOf({ players: before, client, me }: TableState, after: readonly Player[], seats: number): HappeningBody[] {
  if (!isInRoom(client)) return [];
  const was = new Map(before.map((player) => [player.user, player]));
  const is = new Set(after.map(({ user }) => user));
  const gone = before.filter(({ user }) => user !== me && !is.has(user)).map(({ user }) => ({ is: "left", user }) as const);
  const others = after.flatMap((player): HappeningBody[] => {
    const { user, isOnline, seat } = player;
    const known = was.get(user);
    if (user === me) return [];
    if (known === undefined && seat !== undefined) return [{ is: seat >= seats ? "watches" : "sat", user }];
    if (known?.isOnline === isOnline) return [];
    return [{ is: isOnline ? "back" : "offline", user }];
  });
  return [...gone, ...others];
}

function happened(state: TableState, ...bodies: readonly HappeningBody[]): TableState {
  if (bodies.length === 0) return state;
  const fresh = bodies.map((body, at) => ({ ...body, at: state.count + at }) as Happening);
  return { ...state, happenings: [...state.happenings, ...fresh].slice(-happeningsMax), count: state.count + bodies.length };
}

/** A map of the wire has its users as text. */
function pointsOf(dice: Readonly<Record<string, number>>): ReadonlyMap<bigint, number> {
  return new Map(Object.entries(dice).map(([user, points]) => [BigInt(user), points]));
}

function winnersOf(points: ReadonlyMap<bigint, number>): bigint[] {
  const most = Math.max(...points.values());
  return [...points].filter(([, own]) => own === most).map(([user]) => user);
}
