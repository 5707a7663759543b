/** Starts everything that is compared, one after another: nobody is measured meanwhile. */
import type { SubjectsAtHand } from "./scenario.ts";
import { Colyseus } from "./subjects/colyseus.ts";
import { Croupier } from "./subjects/croupier.ts";
import { Floor } from "./subjects/floors.ts";

/** As they are called in tables. */
export const names = {
  croupier: "croupier",
  before: "croupier, before",
  inMemory: "croupier, JOURNAL=memory",
  floor: "the floor",
  durableFloor: "the durable floor",
  colyseus: "Colyseus",
} as const;

/** `say` is told of what is missing; `before`: another checkout of ours, whose servers take turns with those of this one. */
export async function startSubjects(say: (sentence: string) => void, before?: string): Promise<SubjectsAtHand> {
  const croupier = await Croupier.start(names.croupier);
  const earlier = before === undefined ? [] : [await Croupier.start(names.before, {}, before)];
  const all = [croupier, ...earlier, await Croupier.start(names.inMemory, { JOURNAL: "memory" })];
  const floors = [await Floor.bareWs(), await Floor.twoHops(), await Floor.once(), await Floor.durable()];
  if (!Colyseus.isInstalled) say("Colyseus is not here to be compared with: npm run bench:peers installs it.");
  const peers = Colyseus.isInstalled ? [await Colyseus.start()] : [];
  return { croupier, all: [...all, ...floors, ...peers] };
}

export async function stopSubjects({ all }: SubjectsAtHand): Promise<void> {
  await Promise.all(all.map((subject) => subject.stop()));
}
