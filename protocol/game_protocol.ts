/**
 * What a game says on the wire, told to TypeScript: the names of its commands and events, the number and the schema of
 * each, and its refusals. A client is typed by it, and the game may read its numbers from it. It is no rules and no state.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Refusal } from "./refusals.ts";

/** A number on the wire, and the schema of its body; without one the body is empty. */
export type MessageKind = readonly [command: number, schema?: DescMessage];

/** Messages of one direction, by name. */
export type MessageKinds = Readonly<Record<string, MessageKind>>;

/** The refusals that a game adds to those of the system, by name, with codes from 10 000 on. */
export type GameRefusals = Readonly<Record<string, Refusal>>;

/** What every room says of itself, whatever is played in it: no event of a game is called so. */
export const roomEventNames = ["players", "refused", "print"] as const;
export type RoomEventName = (typeof roomEventNames)[number];

/** A game as its clients know it. */
export interface GameProtocol<
  Commands extends MessageKinds = MessageKinds,
  Events extends MessageKinds = MessageKinds,
  Refusals extends GameRefusals = GameRefusals,
> {
  /** What is sent as `game_name`. */
  readonly name: string;
  /** What a player may say. */
  readonly commands: Commands;
  /** What he may hear. */
  readonly events: Events;
  /** Why the game may say no. */
  readonly refusals: Refusals;
}

/** What is to be written into a message of this kind: nothing where its body is empty. */
export type FieldsOf<Kind> = Kind extends readonly [number, infer Schema extends DescMessage] ? [fields?: MessageInitShape<Schema>] : [];

/** What is read from a message of this kind: `undefined` where its body is empty. */
export type BodyOf<Kind> = Kind extends readonly [number, infer Schema extends DescMessage] ? MessageShape<Schema> : undefined;

/** Numbers below are the system's. */
const commandMin = 100;
const refusalMin = 10_000;

/**
 * Describes a game.
 * @throws {TypeError} for two events with one number, a number or a name of the system's, a refusal below 10 000.
 */
export function defineGame<
  const Commands extends MessageKinds,
  const Events extends MessageKinds & { readonly [Name in RoomEventName]?: never },
  const Refusals extends GameRefusals = Readonly<Record<never, Refusal>>,
>(game: {
  readonly name: string;
  readonly commands: Commands;
  readonly events: Events;
  readonly refusals?: Refusals;
}): GameProtocol<Commands, Events, Refusals> {
  const { name, commands, events, refusals = {} as Refusals } = game;
  checkKinds(name, commands);
  checkKinds(name, events);
  for (const taken of roomEventNames)
    if (Object.hasOwn(events, taken)) throw new TypeError(`${name}: "${taken}" is an event of every room`);
  for (const [refusal, { code }] of Object.entries(refusals))
    if (!(code >= refusalMin)) throw new TypeError(`${name}: the number of ${refusal} is below ${refusalMin}`);
  return { name, commands, events, refusals };
}

function checkKinds(game: string, kinds: MessageKinds): void {
  const all = Object.entries(kinds);
  for (const [name, [command]] of all) {
    if (!(command >= commandMin)) throw new TypeError(`${game}: the number of ${name} is below ${commandMin}`);
    const first = all.find(([, [number]]) => number === command)?.[0];
    if (first !== name) throw new TypeError(`${game}: ${name} and ${first} have the number ${command}`);
  }
}
