/**
 * The directory as this gate keeps it for its game servers (static fleet): answers their
 * claims, takes what they tell, and sends word to the owner of a life that lost its name.
 */
import type { Life } from "#fleet/directory.ts";
import { announcementFromMessage, lifeFromMessage, lifeToMessage } from "#fleet/directory_link.ts";
import type { MemoryDirectory } from "#fleet/directory_memory.ts";
import {
  type Announcement,
  type ClaimAnswer,
  ClaimAnswer_Claimed,
  type ClaimQuestion,
  type LifeEnd,
  type Release,
} from "#protocol/gen/link_pb.ts";
import type { Log } from "#runtime/log.ts";

/** What the keeper needs of a link to a game server. */
interface Owner {
  readonly server: { readonly journal: string };
  /** These lives lost their name. */
  lost(lives: string[]): void;
}

const claimed = {
  claimed: ClaimAnswer_Claimed.YES,
  "name taken": ClaimAnswer_Claimed.NAME_TAKEN,
  "user elsewhere": ClaimAnswer_Claimed.USER_ELSEWHERE,
} as const;

interface KeeperOptions {
  log: Log;
  linkTo(owner: string): Owner | undefined;
}

export class DirectoryKeeper {
  readonly #directory: MemoryDirectory;
  readonly #options: KeeperOptions;

  constructor(directory: MemoryDirectory, options: KeeperOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  async claim({
    id,
    life,
    user,
  }: ClaimQuestion): Promise<Omit<ClaimAnswer, "$typeName" | "holder"> & { holder?: ReturnType<typeof lifeToMessage> }> {
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

  announce(link: Owner, announcement: Announcement): void {
    for (const life of this.#directory.announce(link.server.journal, announcementFromMessage(announcement))) this.#tell(life);
  }

  #tell({ game, room, life, owner }: Life): void {
    this.#options.log.warn("directory conflict", { "game.name": game, "room.id": room, "room.life": life });
    this.#options.linkTo(owner)?.lost([life]);
  }
}
