/**
 * Inputs that are almost other ones: bytes changed, pieces lost, doubled and exchanged with those of another input, and in
 * a piece that is JSON one value for another. A mutation is plain numbers, so that fast-check can shrink it.
 */
import fc from "fast-check";
import type { Pieces } from "./fuzzer.ts";

const pieceBytesMax = 65_536;
const piecesMax = 64;

/** What programs get wrong. */
const numbers = [0, 1, -1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
const values: readonly unknown[] = [
  ...[null, true, false, "", "x", "\u0000", "__proto__", [], {}, [null], { a: 1 }],
  ...[0, -0, 1, -1, 0.5, 65_536, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e300, -1e300, 1e-300],
];

const kinds = [
  "flip",
  "set",
  "number",
  "cut",
  "tail",
  "double",
  "word",
  "splice",
  "json",
  "json",
  "drop",
  "again",
  "swap",
  "take",
] as const;

interface Mutation {
  readonly kind: (typeof kinds)[number];
  /** Which piece, where in it, how much, and of what: each is taken modulo what there is. */
  readonly piece: number;
  readonly at: number;
  readonly size: number;
  readonly what: number;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  ...{ kind: fc.constantFrom(...kinds), piece: fc.nat(), at: fc.nat(), what: fc.nat() },
  size: fc.oneof({ weight: 9, arbitrary: fc.nat(16) }, { weight: 1, arbitrary: fc.nat(40_000) }),
});

interface Stock {
  readonly seeds: readonly Pieces[];
  readonly words: readonly Uint8Array[];
}

/** One of the seeds, as they are when it is made, with a few mutations. */
export function mutated(seeds: readonly Pieces[], words: readonly string[]): fc.Arbitrary<Pieces> {
  const stock = { seeds, words: words.map((word) => new Uint8Array(Buffer.from(word, "latin1"))) };
  const few = fc.array(mutation, { minLength: 1, maxLength: 8 });
  return fc
    .tuple(fc.nat(), few)
    .map(([seed, mutations]) => mutations.reduce((pieces, one) => apply(pieces, one, stock), pick(seeds, seed, [])));
}

function apply(pieces: Pieces, one: Mutation, stock: Stock): Pieces {
  const at = pieces.length === 0 ? 0 : one.piece % pieces.length;
  const before = pieces.slice(0, at);
  const after = pieces.slice(at + 1);
  const piece = pieces[at] ?? new Uint8Array(0);
  const other = pick(stock.seeds, one.what, []);
  switch (one.kind) {
    case "drop":
      return [...before, ...after];
    case "again":
      return [...before, piece, piece, ...after].slice(0, piecesMax);
    case "swap":
      return [...before, ...after.slice(0, 1), piece, ...after.slice(1)];
    case "take":
      return [...before, piece, pick(other, one.at, new Uint8Array(0)), ...after].slice(0, piecesMax);
    case "json":
      return [...before, withJson(piece, one), ...after];
    default:
      return [...before, withBytes(piece, one, pick(other, one.at, piece), stock.words), ...after];
  }
}

function withBytes(
  piece: Uint8Array,
  { kind, at: anywhere, size, what }: Mutation,
  other: Uint8Array,
  words: readonly Uint8Array[],
): Uint8Array {
  const at = anywhere % (piece.length + 1);
  const changed = Uint8Array.from(piece);
  if (kind === "flip") changed[at] = (piece[at] ?? 0) ^ (1 << (what % 8));
  else if (kind === "set") changed[at] = what & 0xff;
  else if (kind === "number") return joined(piece.subarray(0, at), bytesOf(pick(numbers, what, 0), size), piece.subarray(at + (size % 5)));
  else if (kind === "cut") return joined(piece.subarray(0, at), piece.subarray(at + 1 + size));
  else if (kind === "tail") return joined(piece.subarray(0, at));
  else if (kind === "double") return joined(piece.subarray(0, at), piece.subarray(Math.max(0, at - 1 - size)));
  else if (kind === "word") return joined(piece.subarray(0, at), pick(words, what, other), piece.subarray(at + (size % 3)));
  else
    return joined(
      piece.subarray(0, at),
      other.subarray(what % (other.length + 1), (what % (other.length + 1)) + size + 1),
      piece.subarray(at),
    );
  return changed;
}

/** A number as 1 to 4 bytes, whichever end first. */
function bytesOf(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number >>> 0, size % 2 === 0);
  return bytes.subarray(0, 1 + (size % 4));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts)).subarray(0, pieceBytesMax);
}

/** One value somewhere in it is another one, gone, or of another name; what is no JSON stays what it is. */
function withJson(piece: Uint8Array, { at, what, size }: Mutation): Uint8Array {
  const text = Buffer.from(piece).toString("utf8");
  if (!/^\s*[[{]/.test(text)) return piece;
  try {
    const document: unknown = JSON.parse(text);
    const holders: Record<string, unknown>[] = [];
    collect(document, holders);
    const holder = pick(holders, at, {});
    changeOne(holder, pick(holders, what, {}), { key: pick(Object.keys(holder), what, "x"), what, size });
    return new Uint8Array(Buffer.from(JSON.stringify(document))).subarray(0, pieceBytesMax);
  } catch {
    return piece;
  }
}

function changeOne(
  holder: Record<string, unknown>,
  other: unknown,
  { key, what, size }: { key: string; what: number; size: number },
): void {
  const how = size % 6;
  if (how === 0) delete holder[key];
  else if (how === 1) holder[pick(["x", "is", "0", "__proto__", "length", "constructor"], what, "x")] = structuredClone(holder[key]);
  else if (how === 2) holder[key] = structuredClone(other);
  else if (how === 3 && typeof holder[key] === "number") holder[key] = holder[key] + pick(numbers, what, 1);
  else if (how === 4 && typeof holder[key] === "string") holder[key] = holder[key].repeat(2).slice(what % 3);
  else holder[key] = structuredClone(pick(values, what, null));
}

function collect(value: unknown, holders: Record<string, unknown>[]): void {
  if (typeof value !== "object" || value === null) return;
  holders.push(value as Record<string, unknown>);
  for (const inner of Object.values(value)) collect(inner, holders);
}

function pick<Item>(items: readonly Item[], number: number, otherwise: Item): Item {
  return items[number % Math.max(1, items.length)] ?? otherwise;
}
