/** A journal that remembers nothing: for tests, and for games that may be lost. */
import { type Entropy, hex64 } from "#runtime/entropy.ts";
import type { Journal } from "./journal.ts";

export function memoryJournal(entropy: Entropy): Journal {
  return { id: hex64(entropy), boot: 1, isDurable: false, clockMs: 0, load: () => [], commit: () => {}, close: () => {} };
}
