/** A journal that remembers nothing: for tests, and for games that may be lost. */
import { type Entropy, hex64 } from "#runtime/entropy.ts";
import { type Journal, noDamage } from "./journal.ts";

export function memoryJournal(entropy: Entropy): Journal {
  const id = hex64(entropy);
  return { id, boot: 1, isDurable: false, clockMs: 0, damage: noDamage, load: () => [], commit: () => {}, close: () => {} };
}
