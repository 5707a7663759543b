/** The flags of the operator's command line: what each is called, takes and means. Reading, usage and completion are made of this table. */
import { logLevels } from "#runtime/settings.ts";
import type { Completes } from "./operand.ts";

interface FlagRow {
  /** What stands after it, as the usage says it; left out: nothing does. */
  readonly value?: string;
  readonly about: string;
  /** What a shell offers for its value. */
  readonly completes?: Completes;
}

export const flags = {
  admin: { value: "URL[,URL…]", about: "admin listeners to ask, instead of CROUPIER_ADMIN; http://127.0.0.1:60009 by default" },
  "token-file": {
    value: "FILE",
    about: "holds the admin token, instead of ADMIN_TOKEN, ADMIN_READ_TOKEN and their _FILE",
    completes: "files",
  },
  "data-dir": { value: "DIR", about: "the journal's folder, instead of DATA_DIR", completes: "folders" },
  to: { value: "JOURNAL|ADDRESS", about: "the game server that takes it; otherwise the best one" },
  game: { value: "GAME", about: "only rooms of this game" },
  phase: { value: "PHASE", about: "only rooms in this phase of their game" },
  version: { value: "NUMBER", about: "only rooms whose state has this version" },
  free: { about: "only rooms with a free seat" },
  user: { value: "USER", about: "only what this user has to do with" },
  room: { value: "ROOM", about: "only what this room has to do with: GAME/ROOM, of logs also a life, of sessions also an id" },
  stage: { value: "STAGE", about: "only sessions at this stage", completes: ["idle", "entering", "seated", "leaving"] },
  address: { value: "ADDRESS", about: "only sessions from this address" },
  limit: { value: "NUMBER", about: "at most so many; otherwise all of them" },
  event: { value: "NAME,…", about: "only lines of these events" },
  level: { value: "LEVEL", about: "only lines of this level and above", completes: logLevels },
  release: { value: "NAME", about: "the release that is waited for; otherwise any one that all have" },
  timeout: { value: "TIME", about: "how long it is waited for, such as 90s; 10m by default, 0 = for ever" },
  wait: { about: "until the process is gone" },
  yes: { about: "does not ask" },
  json: { about: "JSON, one object a line" },
  help: { about: "this" },
} as const satisfies Readonly<Record<string, FlagRow>>;

export type Flag = keyof typeof flags;

/** What was given: the text behind a flag, or that it was there. */
export type FlagValues = {
  readonly [Name in Flag]?: (typeof flags)[Name] extends { readonly value: string } ? string : boolean;
};

export function flagRow(flag: Flag): FlagRow {
  return flags[flag];
}

/** As it is written, with what stands after it. */
export function writtenFlag(flag: Flag): string {
  const { value } = flagRow(flag);
  return value === undefined ? `--${flag}` : `--${flag} ${value}`;
}
