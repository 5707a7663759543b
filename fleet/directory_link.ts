/**
 * A game server's view of the directory that its one gate keeps (static fleet): claims are
 * asked over the link, everything else is told. Without a gate the server is alone with its
 * direct clients and its own rooms are all there is to know; the gate hears of them in the
 * announcement when it links.
 */
import {
  type Announcement as AnnouncementMessage,
  type ClaimAnswer,
  ClaimAnswer_Claimed,
  type Life as LifeMessage,
} from "#protocol/gen/link_pb.ts";
import type { ToGateWriter } from "#protocol/link.ts";
import { Refused } from "#protocol/refusals.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Announcement, Claim, DirectoryForServers, Life } from "./directory.ts";

const answerTimeoutMs = 2000;

type Say = Parameters<ToGateWriter["say"]>[0];

interface Pending {
  resolve(claim: Claim): void;
  reject(refused: Refused): void;
  readonly timeout: Timer;
}

export class LinkDirectory implements DirectoryForServers {
  readonly #clock: Clock;
  readonly #own: () => Announcement;
  readonly #pending = new Map<number, Pending>();
  #say: ((say: Say) => void) | undefined;
  #lastId = 0;

  /** `own` gives every life of this server and who sits in it. */
  constructor({ clock, own }: { clock: Clock; own: () => Announcement }) {
    this.#clock = clock;
    this.#own = own;
  }

  /** The gate is linked: it hears everything this server owns before anything else. */
  attach(say: (say: Say) => void): void {
    this.#say = say;
    say({ case: "announcement", value: announcementToMessage(this.#own()) });
  }

  /** The gate's link is lost. */
  detach(): void {
    this.#say = undefined;
    for (const [id, { reject }] of this.#pending) {
      this.#settle(id);
      reject(unanswered());
    }
  }

  claim(life: Life, user: number): Promise<Claim> {
    const say = this.#say;
    if (say === undefined) return Promise.resolve({ is: "claimed" });
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const timeout = this.#clock.after(answerTimeoutMs, () => {
        this.#settle(id);
        reject(unanswered());
      });
      this.#pending.set(id, { resolve, reject, timeout });
      say({ case: "claim", value: { id, life: lifeToMessage(life), user: BigInt(user) } });
    });
  }

  answered({ id, claimed, holder }: ClaimAnswer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#settle(id);
    if (claimed === ClaimAnswer_Claimed.YES) pending.resolve({ is: "claimed" });
    else if (holder === undefined) pending.reject(unanswered());
    else
      pending.resolve({
        is: claimed === ClaimAnswer_Claimed.NAME_TAKEN ? "name taken" : "user elsewhere",
        holder: lifeFromMessage(holder),
      });
  }

  release(life: string, user: number): void {
    this.#say?.({ case: "release", value: { life, user: BigInt(user) } });
  }

  end(life: Life): void {
    this.#say?.({ case: "end", value: { life: lifeToMessage(life) } });
  }

  #settle(id: number): void {
    this.#pending.get(id)?.timeout.cancel();
    this.#pending.delete(id);
  }
}

/** A life as links carry it. */
export function lifeToMessage(life: Life): Omit<LifeMessage, "$typeName"> {
  return { ...life, openedAtMs: BigInt(Math.round(life.openedAtMs)) };
}

export function lifeFromMessage({ game, room, life, owner, epoch, boot, openedAtMs }: LifeMessage): Life {
  return { game, room, life, owner, epoch, boot, openedAtMs: Number(openedAtMs) };
}

export function announcementFromMessage(message: AnnouncementMessage): Announcement {
  return message.lives.flatMap(({ life, users }) =>
    life === undefined ? [] : [{ life: lifeFromMessage(life), users: users.map(Number) }],
  );
}

function announcementToMessage(announcement: Announcement) {
  return { lives: announcement.map(({ life, users }) => ({ life: lifeToMessage(life), users: users.map(BigInt) })) };
}

function unanswered(): Refused {
  return new Refused("tryAgain", { detail: "the gate that keeps the directory does not answer" });
}
