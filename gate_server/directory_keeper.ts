/**
 * The directory as this gate keeps it for its game servers (static fleet): answers their
 * claims, takes what they tell, and sends word to the owners of what lost.
 */
import { logConflicts } from "#fleet/conflicts.ts";
import type { Announcement, Unsettled } from "#fleet/directory.ts";
import { announcementFromMessage, lifeFromMessage, lifeToMessage } from "#fleet/directory_link.ts";
import type { MemoryDirectory } from "#fleet/directory_memory.ts";
import {
  type Announcement as AnnouncementMessage,
  type ClaimAnswer,
  ClaimAnswer_Claimed,
  type ClaimQuestion,
  type LifeEnd,
  type LifeRaise,
  type MoveAnswer,
  type MoveQuestion,
  type Release,
  type WhereAnswer,
  type WhereQuestion,
} from "#protocol/gen/link_pb.ts";
import type { Log } from "#runtime/log.ts";

/** What the directory has for others, of what one server told it. */
export interface LostElsewhere {
  readonly lives?: string[];
  readonly users?: { life: string; user: bigint }[];
  readonly moved?: { life: string; epoch: number }[];
}

/** What the keeper needs of a link to a game server. */
interface Owner {
  readonly server: { readonly journal: string };
  /** What of the server's has lost. */
  lost(lost: LostElsewhere): void;
}

/** As much of an announcement as has come. */
interface Told {
  readonly lives: Announcement[number][];
  readonly unsettled: Unsettled[];
}

interface KeeperOptions {
  log: Log;
  linkTo(owner: string): Owner | undefined;
}

const claimed = {
  claimed: ClaimAnswer_Claimed.YES,
  "name taken": ClaimAnswer_Claimed.NAME_TAKEN,
  "user elsewhere": ClaimAnswer_Claimed.USER_ELSEWHERE,
} as const;

type Said<Message> = Omit<Message, "$typeName" | "life"> & { life?: ReturnType<typeof lifeToMessage> };
type Answer = Omit<ClaimAnswer, "$typeName" | "holder"> & { holder?: ReturnType<typeof lifeToMessage> };

export class DirectoryKeeper {
  readonly #directory: MemoryDirectory;
  readonly #options: KeeperOptions;
  /** Announcements of which more is to come. */
  readonly #parts = new WeakMap<Owner, Told>();

  constructor(directory: MemoryDirectory, options: KeeperOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  async claim({ id, life, user }: ClaimQuestion): Promise<Answer> {
    try {
      if (life === undefined) return { id, claimed: ClaimAnswer_Claimed.TRY_AGAIN };
      const claim = await this.#directory.claim(lifeFromMessage(life), Number(user));
      return { id, claimed: claimed[claim.is], ...(claim.is === "claimed" ? {} : { holder: lifeToMessage(claim.holder) }) };
    } catch {
      return { id, claimed: ClaimAnswer_Claimed.TRY_AGAIN };
    }
  }

  release({ life, user }: Release): void {
    this.#directory.release(life, Number(user));
  }

  end({ life }: LifeEnd): void {
    if (life !== undefined) this.#directory.end(lifeFromMessage(life));
  }

  raise({ life }: LifeRaise): void {
    if (life !== undefined) this.#directory.raise(lifeFromMessage(life));
  }

  /** Undefined: nobody knows, and nothing is said. */
  async move({ id, from, to, offer }: MoveQuestion): Promise<Omit<MoveAnswer, "$typeName"> | undefined> {
    try {
      if (from === undefined || to === undefined) return undefined;
      return { id, moved: (await this.#directory.move(lifeFromMessage(from), lifeFromMessage(to), offer)) === "moved" };
    } catch {
      return undefined;
    }
  }

  /** As `move`. */
  async where({ id, life }: WhereQuestion): Promise<Said<WhereAnswer> | undefined> {
    try {
      const found = await this.#directory.where(life);
      return { id, offer: found?.offer ?? "", ...(found && { life: lifeToMessage(found.life) }) };
    } catch {
      return undefined;
    }
  }

  /** Says whether the announcement is complete. */
  announce(link: Owner, message: AnnouncementMessage): boolean {
    const told = this.#parts.get(link) ?? { lives: [], unsettled: [] };
    for (const one of announcementFromMessage(message)) told.lives.push(one);
    for (const one of message.unsettled) told.unsettled.push(one);
    this.#parts.set(link, told);
    if (message.more) return false;
    this.#parts.delete(link);
    const conflicts = this.#directory.announce(link.server.journal, told.lives, told.unsettled);
    logConflicts(this.#options.log, conflicts);
    const { linkTo } = this.#options;
    for (const { life, owner } of conflicts.lives) linkTo(owner)?.lost({ lives: [life] });
    for (const { life, user } of conflicts.users) linkTo(life.owner)?.lost({ users: [{ life: life.life, user: BigInt(user) }] });
    for (const { life, owner, epoch } of conflicts.moved) linkTo(owner)?.lost({ moved: [{ life, epoch }] });
    return true;
  }
}
