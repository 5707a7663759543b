/** An announcement in parts: a script that takes long holds up everybody, and a batch that is too large is taken by nobody. */
import type { Announcement, Unsettled } from "./directory.ts";

export interface AnnouncementPart {
  readonly lives: Announcement;
  readonly unsettled: readonly Unsettled[];
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** At least one part, each with at most `itemsMax` lives and as many that are unsettled. */
export function* partsOf(lives: Announcement, unsettled: readonly Unsettled[], itemsMax: number): Generator<AnnouncementPart> {
  const count = Math.max(1, Math.ceil(Math.max(lives.length, unsettled.length) / itemsMax));
  for (let part = 0; part < count; part++) {
    const [from, to] = [part * itemsMax, (part + 1) * itemsMax];
    yield { lives: lives.slice(from, to), unsettled: unsettled.slice(from, to), isFirst: part === 0, isLast: part === count - 1 };
  }
}
