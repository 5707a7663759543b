/**
 * Which rooms a release can go on with, by what it says of the games it deals. A room that
 * its taker cannot read is not worth the pause of an offer.
 */

/** A game as one release deals it. */
export interface Deal {
  readonly game: string;
  /** Of the states that it writes. It reads them too. */
  readonly version: number;
  /** Whether it brings older states up to that version; newer ones it never reads. */
  readonly upgrades: boolean;
}

/** Whether a release with these deals reads such a state. Undefined: it says nothing of its deals, as older releases do. */
export function reads(deals: readonly Deal[], game: string, version: number): boolean | undefined {
  if (deals.length === 0) return undefined;
  const deal = deals.find((one) => one.game === game);
  return deal !== undefined && (deal.version === version || (deal.upgrades && deal.version > version));
}
