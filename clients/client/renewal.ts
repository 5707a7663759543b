/**
 * New tokens for a connection that is open: one is asked for before the last expires, and brought if it lasts longer than
 * that. Without one the server closes with 4401, and the next connection asks again. It ends with its connection.
 */
import { bodyOf, commandOf, encode, type Frame } from "#protocol/frame.ts";
import { Command, StringSchema } from "#protocol/gen/frame_pb.ts";
import { refusals } from "#protocol/refusals.ts";
import { refusalIn } from "./errors.ts";
import { askFor, type GetToken, readToken, type TokenFacts } from "./token.ts";

/** It is asked for so long before the last one expires, or when a tenth of its time is left. */
const aheadMsMax = 60_000;
/** But not more often, whatever the tokens say and whatever becomes of them. */
const everyMsMin = 10_000;
const timerMsMax = 2 ** 31 - 1;

/** How a server refuses a token (PROTOCOL §1.3): the codes, and whether the same one may be brought again. */
const tokenRefusals: ReadonlyMap<number, boolean> = new Map(
  [refusals.fail, refusals.tryAgain, refusals.limit, refusals.badRequest].map(({ code, retry }) => [code, retry]),
);

/** A token was brought and its answer has not come. An Error that may be that answer is held until it is known. */
interface Unanswered {
  readonly token: string;
  readonly held?: Frame;
}

export class Renewal {
  readonly #getToken: GetToken;
  readonly #send: (frame: Frame) => void;
  /** The one that the server goes by. */
  #token: string;
  /** The last one that was brought, but for one that may be brought again. */
  #last: TokenFacts;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unanswered: Unanswered | undefined;

  /** `token`: the one that the connection was made with. */
  constructor(token: string, getToken: GetToken, send: (frame: Frame) => void) {
    this.#getToken = getToken;
    this.#send = send;
    this.#token = token;
    this.#last = readToken(token);
    this.#wait();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * What a frame says to others: the answer to a token is none of theirs. An Error names no request; one that came before a
   * token was accepted was not the token's, and is handed on then.
   */
  sift(frame: Frame): readonly Frame[] {
    if (!this.#unanswered) return [frame];
    const { token, held } = this.#unanswered;
    if (commandOf(frame) === Command.TOKEN) {
      this.#token = token;
      this.#unanswered = undefined;
      return held ? [held] : [];
    }
    const mayComeAgain = held ? undefined : tokenRefusals.get(refusalIn(commandOf(frame), bodyOf(frame)));
    if (mayComeAgain === undefined) return [frame];
    if (mayComeAgain) this.#last = readToken(this.#token);
    this.#unanswered = { token, held: frame };
    if (token !== this.#token) this.#askIn(everyMsMin);
    return [];
  }

  /** Asks for a sign: the token that the server goes by is brought once more, unless an answer is due. */
  ask(): void {
    if (!this.#unanswered || this.#unanswered.held) this.#show(this.#token);
  }

  /** Not at all for a token that does not expire. */
  #wait(): void {
    const { lifetimeMs } = this.#last;
    if (lifetimeMs !== undefined) this.#askIn(Math.max(everyMsMin, lifetimeMs - Math.min(aheadMsMax, lifetimeMs / 10)));
  }

  #askIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), Math.min(delayMs, timerMsMax));
  }

  async #renew(): Promise<void> {
    const timer = this.#timer;
    const token = await askFor(this.#getToken).catch(() => "");
    if (timer === this.#timer && !this.#bring(token)) this.#askIn(everyMsMin);
  }

  /** False: it is none, another user's, or lasts no longer. */
  #bring(token: string): boolean {
    const facts = factsOf(token);
    if (facts?.user !== this.#last.user || !lastsLonger(facts, this.#last)) return false;
    this.#last = facts;
    this.#show(token);
    this.#wait();
    return true;
  }

  #show(token: string): void {
    this.#unanswered = { token };
    this.#send(encode(Command.TOKEN, StringSchema, { v: token }));
  }
}

function factsOf(token: string): TokenFacts | undefined {
  try {
    return readToken(token);
  } catch {
    return undefined;
  }
}

function lastsLonger({ expiresAtMs }: TokenFacts, last: TokenFacts): boolean {
  return (expiresAtMs ?? Number.POSITIVE_INFINITY) > (last.expiresAtMs ?? Number.POSITIVE_INFINITY);
}
