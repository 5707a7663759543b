/** The verdict itself: histories with each kind of fault planted, every one found, and nothing in a sound one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { refusals } from "#protocol/refusals.ts";
import type { LedgerEvent } from "./ledger.ts";
import { type Allowances, type Ending, type FinalBook, type Line, type LineBody, Verdict } from "./verdict.ts";

const book = 77;
/** Two clients in one book: 7 writes two entries, 8 one, and a tick comes between. */
const events: readonly LedgerEvent[] = [
  { number: 1, token: "7.1", draw: 11 },
  { number: 2, token: "", draw: 22 },
  { number: 3, token: "8.1", draw: 33 },
  { number: 4, token: "7.2", draw: 44 },
];

function line(user: number, body: LineBody): Line {
  return { atMs: 0, connection: user, user, ...body } as Line;
}

const asked = (user: number): Line => line(user, { is: "asked" });
const opened = (user: number, count = 0): Line =>
  line(user, { is: "book", notice: { book, count, events: events.slice(Math.max(0, count - 2), count) } });
const sent = (user: number, token: string): Line => line(user, { is: "sent", token });
const heard = (user: number, event: LedgerEvent | undefined): Line =>
  line(user, { is: "event", notice: { ...(event as LedgerEvent), book } });
const receipt = (user: number, token: string, number: number): Line => line(user, { is: "receipt", receipt: { token, number } });
const refused = (user: number, code: number): Line => line(user, { is: "refused", code });

const sound: readonly Line[] = [
  ...[asked(7), opened(7), asked(8), opened(8)],
  ...[sent(7, "7.1"), heard(7, events[0]), receipt(7, "7.1", 1), heard(8, events[0])],
  ...[heard(7, events[1]), heard(8, events[1])],
  ...[sent(8, "8.1"), sent(7, "7.2"), heard(8, events[2]), receipt(8, "8.1", 3), heard(7, events[2])],
  ...[heard(7, events[3]), receipt(7, "7.2", 4), heard(8, events[3])],
];

const final: FinalBook = { book, events, name: "1", owner: "a", users: [7, 8], isOver: false };
const ending: Ending = { books: [final], ended: new Map() };

function violations(history: readonly Line[], end: Ending = ending, allowances: Partial<Allowances> = {}): readonly string[] {
  const verdict = new Verdict({ forgets: false, outlasts: false, dissolves: "nobody", ...allowances });
  for (const each of history) verdict.add(each);
  verdict.end(end);
  return verdict.violations;
}

/** The sound history with the lines at `at` replaced. */
function with_(at: number, count: number, ...lines: Line[]): readonly Line[] {
  return sound.toSpliced(at, count, ...lines);
}

const end = sound.length;
const elsewhere: LedgerEvent = { number: 2, token: "", draw: 99 };

const faults: [what: string, finds: RegExp, history: readonly Line[], end?: Ending][] = [
  ["a room is lost", /V1 book 77 is lost/, sound, { books: [], ended: new Map() }],
  ["a seat is lost in the middle of a game", /V1 Disconnect 0/, with_(end, 0, line(7, { is: "out", reason: 0 }))],
  ["a room is ended by nobody", /V1 Disconnect 1/, with_(end, 0, line(7, { is: "out", reason: 1 }))],
  ["an event changes after it was heard", /V2 event 2/, with_(9, 1, heard(8, elsewhere))],
  ["a book is shorter than it was", /V2 book 77 has 2/, with_(end, 0, line(7, { is: "left", how: "stand" }), asked(7), opened(7, 2))],
  ["an input is applied twice", /V3 7\.1 was applied at/, with_(9, 1, heard(8, { ...events[1], token: "7.1" } as LedgerEvent))],
  ["an input is receipted twice", /V3 7\.1 was applied as 1 and as 2/, with_(7, 0, receipt(7, "7.1", 2))],
  ["an input is applied that was never sent", /V3 9\.9 was never sent/, with_(end, 0, heard(7, { number: 5, token: "9.9", draw: 1 }))],
  ["an input overtakes another", /V3 7\.2 was applied before 1/, with_(4, 0, sent(7, "7.0"))],
  ["an input is lost in silence", /V3 1 inputs of user 8/, with_(end, 0, sent(8, "8.2"))],
  ["an input is refused and applied", /V3 8\.1 was applied, and/, with_(13, 1, refused(8, refusals.tryAgain.code))],
  ["an output is lost", /V4 event 3 of book 77, and 2 was next/, with_(8, 1)],
  ["an output is doubled", /V4 event 2 of book 77, and 3 was next/, with_(9, 0, heard(7, events[1]))],
  ["outputs are out of order", /V4 event 4 of book 77, and 3 was next/, with_(14, 2, heard(7, events[3]), heard(7, events[2]))],
  [
    "an event of another room",
    /V4 an event of book 5/,
    with_(end, 0, line(7, { is: "event", notice: { book: 5, number: 5, token: "", draw: 1 } })),
  ],
  ["a receipt for somebody else's input", /V4 a receipt for 8\.9/, with_(end, 0, receipt(7, "8.9", 5))],
  ["a seat is lost in silence", /V4 not in a room/, with_(end, 0, refused(7, refusals.notInARoom.code))],
  ["the journal forgot an event", /V5 event 4/, sound, { ...ending, books: [{ ...final, events: events.slice(0, 3) }] }],
  ["the journal has another event", /V5 event 2/, sound, { ...ending, books: [{ ...final, events: events.with(1, elsewhere) }] }],
  [
    "the journal has an input twice",
    /V3 book 77 has a token twice/,
    sound,
    { ...ending, books: [{ ...final, events: [...events, { number: 5, token: "7.1", draw: 1 }] }] },
  ],
  [
    "a gate closes a connection",
    /V6 the connection was closed with 1011/,
    with_(end, 0, line(7, { is: "closed", code: 1011, by: "gate" })),
  ],
  ["somebody is gone who has not left", /P4 user 8 is gone/, with_(end, 0, line(7, { is: "gone", who: 8 }))],
  [
    "somebody is gone twice who has left once",
    /P4 user 8 is gone/,
    with_(end, 0, line(8, { is: "left", how: "drop" }), line(7, { is: "gone", who: 8 }), line(7, { is: "gone", who: 8 })),
  ],
  [
    "a room ends around somebody who could not leave",
    /P4 book 77 has ended, and user 8/,
    with_(end, 0, line(7, { is: "left", how: "stand" }), line(8, { is: "left", how: "stand" })),
    { books: [], ended: new Map([[book, [8]]]) },
  ],
  ["a room that is over is kept for ever", /V7 book 77 is over/, sound, { ...ending, books: [{ ...final, isOver: true }] }],
  ["two owners of a life", /P1 twice: book/, sound, { ...ending, books: [final, { ...final, owner: "b" }] }],
  ["two rooms of a name", /P1 twice: name/, sound, { ...ending, books: [final, { ...final, book: 78, events: [], users: [] }] }],
  [
    "a user on two seats",
    /P1 twice: user/,
    sound,
    { ...ending, books: [final, { ...final, book: 78, name: "2", events: [], users: [8] }] },
  ],
];

test("[verdict] a sound history has no violation", () => {
  assert.deepEqual(violations(sound), []);
});

for (const [what, finds, history, end_] of faults) {
  test(`[verdict] finds it when ${what}`, () => {
    const found = violations(history, end_);
    assert.ok(
      found.some((violation) => finds.test(violation)),
      found.join("\n") || "nothing found",
    );
  });
}

test("[verdict] what a run may lose is no violation: power cuts forget, HOLD ends, a pardon is spent once", () => {
  const shorter = { ...ending, books: [{ ...final, events: events.slice(0, 3) }] };
  assert.deepEqual(violations(sound, shorter, { forgets: true }), []);
  const out = with_(end, 0, line(7, { is: "out", reason: 0 }));
  assert.deepEqual(violations(out, ending, { outlasts: true }), []);
  const verdict = new Verdict({ forgets: false, outlasts: false, dissolves: "nobody" });
  verdict.pardon(1);
  for (const each of [...out, line(8, { is: "out", reason: 0 })]) verdict.add(each);
  verdict.end(ending);
  assert.equal(verdict.violations.filter((violation) => violation.includes("Disconnect 0")).length, 1);
});
