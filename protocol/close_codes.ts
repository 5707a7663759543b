/**
 * The close codes: one table of every way this server ends a WebSocket, in ranges that
 * say whether to come back, so that a client obeys codes it has never heard of. Codes
 * below 3000 are WebSocket's own (RFC 6455 §7.4); 4000 and above are ours.
 */

/** What a client does after a close. */
export type Advice =
  /** Come back at once, with a little jitter. */
  | "come back"
  /** Come back after a longer, growing wait. */
  | "back off"
  /** Coming back with the same behaviour ends the same way. */
  | "fix the client"
  /** Stay away: a person decides. */
  | "stay away";

export interface CloseCode {
  readonly code: number;
  /** Sent with the close frame; at most 123 bytes. */
  readonly reason: string;
}

/** Apart from the table: a page that plays needs what to do about it, and not the words. */
const tooManyMessages = 4429;

export const closeCodes = {
  bye: { code: 1000, reason: "bye" },
  goingAway: { code: 1001, reason: "going away" },
  protocolError: { code: 1002, reason: "a message is a 4-byte command and a body" },
  textMessage: { code: 1003, reason: "binary messages only" },
  policy: { code: 1008, reason: "too many bad requests" },
  fragments: { code: 1008, reason: "too many fragments" },
  tooLarge: { code: 1009, reason: "message too large" },
  restart: { code: 1012, reason: "gate restarts, come back" },
  tryLater: { code: 1013, reason: "try again later" },
  tokenExpired: { code: 4401, reason: "token expired" },
  silent: { code: 4408, reason: "no pong" },
  tooManyMessages: { code: tooManyMessages, reason: "too many messages" },
  kicked: { code: 4500, reason: "removed by an operator" },
} as const satisfies Record<string, CloseCode>;

export type CloseCodeName = keyof typeof closeCodes;

/** What a client does about `code`, also one that is not in the table (PROTOCOL §1). */
export function adviceFor(code: number): Advice {
  if (code === 1000) return "stay away";
  if (code === 1013 || code === tooManyMessages) return "back off";
  if (code === 1002 || code === 1003 || code === 1007 || code === 1008 || code === 1009) return "fix the client";
  if (code >= 4500 && code <= 4999) return "stay away";
  return "come back";
}
