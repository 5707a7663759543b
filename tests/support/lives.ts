/** Lives for tests of directories; every one is another. */
import type { Life } from "#fleet/directory.ts";

let lives = 0;

/** A life of dice room `room`, owned by `owner`. */
export function life(room: string, owner = "A", more: Partial<Life> = {}): Life {
  lives += 1;
  return { game: "dice", room, life: lives.toString(16).padStart(16, "0"), owner, epoch: 1, boot: 1, openedAtMs: 1000, ...more };
}
