/**
 * Kept inputs: `tests/fuzz/corpus/<fuzzer>/<hash>`, one piece a line, as a string of JSON whose characters are the piece's bytes.
 * So that a person can read what there is to read, and write one by hand.
 */
import { hash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Pieces } from "./fuzzer.ts";

const nameCharacters = 16;

interface Kept {
  readonly path: string;
  readonly pieces: Pieces;
}

export function readCorpus(name: string): Kept[] {
  const folder = folderOf(name);
  const files = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  return files.map((file) => {
    const path = join(folder, file);
    return { path, pieces: piecesOf(readFileSync(path, "utf8")) };
  });
}

/** Writes an input to the corpus, and gives its path. */
export function keepInput(name: string, pieces: Pieces): string {
  const text = textOf(pieces);
  const path = join(folderOf(name), hash("sha256", text).slice(0, nameCharacters));
  mkdirSync(folderOf(name), { recursive: true });
  writeFileSync(path, text);
  return path;
}

export function textOf(pieces: Pieces): string {
  return pieces.map((piece) => `${JSON.stringify(Buffer.from(piece).toString("latin1"))}\n`).join("");
}

export function piecesOf(text: string): Pieces {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => new Uint8Array(Buffer.from(JSON.parse(line) as string, "latin1")));
}

function folderOf(name: string): string {
  return join(import.meta.dirname, "corpus", name);
}
