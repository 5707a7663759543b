/** The catalogue in the language of the one who reads, for every component. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Catalogue, catalogues, type Language } from "./catalogue.ts";

const kept = "croupier language";

export const Words = createContext<Catalogue>(catalogues.en);

export function useWords(): Catalogue {
  return useContext(Words);
}

/** The one chosen before, or else the first of the browser's that there is. */
export function readLanguage(): Language {
  const wanted = [localStorage.getItem(kept) ?? "", ...navigator.languages].map((tag) => tag.split("-")[0] ?? "");
  return wanted.find((tag): tag is Language => tag in catalogues) ?? "en";
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(kept, language);
}

/** How a player is called. */
export function nameOf(words: Catalogue, me: bigint, user: bigint): string {
  return user === me ? words.you : words.player(user);
}

/** Such as 1:05. */
export function timeOf(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
