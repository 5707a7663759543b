/**
 * Random evenings at a dice table against a small model of it (PROTOCOL §3, §4), and against
 * a twin that is written down, stopped and restored before every single step.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DiceState, dice } from "#game_server/games/dice/dice.ts";
import { RoomAtHand } from "./support/room_at_hand.ts";
import { TableModel } from "./support/table_model.ts";

const users = 6;
const options = { playing: 3, watchersMax: 2, holdMs: 12_345 };

type Step =
  | { readonly do: "sit"; readonly user: number; readonly seat: number; readonly watch: boolean }
  | { readonly do: "stand" | "drop" | "cut"; readonly user: number }
  | { readonly do: "roll"; readonly user: number; readonly face: number }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "dissolve" };

const user = fc.integer({ min: 1, max: users });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record({ do: fc.constant("sit" as const), user, seat: fc.integer({ min: -2, max: 6 }), watch: fc.boolean() }),
  },
  { weight: 30, arbitrary: fc.record({ do: fc.constantFrom("stand" as const, "drop" as const, "cut" as const), user }) },
  { weight: 80, arbitrary: fc.record({ do: fc.constant("roll" as const), user, face: fc.integer({ min: 0, max: 7 }) }) },
  { weight: 30, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 31_000 }) }) },
  { weight: 2, arbitrary: fc.constant({ do: "dissolve" as const }) },
);

/** A table, its model, and who has ever had a session there. */
class Evening {
  readonly room = new RoomAtHand(dice, options);
  readonly model = new TableModel(options);
  readonly #known = new Set<number>();

  take(next: Step): void {
    if (next.do === "advance") this.room.advance(next.ms);
    else if (next.do === "dissolve") this.room.dissolve();
    else if (next.do === "sit") this.#sit(next);
    else if (!this.#isOnline(next.user))
      return; // a session whose way is cut says nothing
    else if (next.do === "roll") this.room.shake(next.user, next.face);
    else if (next.do === "cut") this.room.cut(next.user);
    else this.room.leave(next.user, next.do);
    this.#follow(next);
  }

  /** Everything heard in this step, by whom. */
  heard(): string[] {
    return [...this.#known].flatMap((known) => this.room.heard(known).map((line) => `${known}: ${line}`));
  }

  #sit({ user: who, seat, watch }: Extract<Step, { do: "sit" }>): void {
    if (this.room.room.isOver) return;
    this.#known.add(who);
    this.room.sit(who, { seat, watch });
  }

  #follow(next: Step): void {
    const { model } = this;
    if (model.phase === "over") return;
    if (next.do === "advance") model.advance(next.ms);
    else if (next.do === "dissolve") model.dissolve();
    else if (next.do === "sit") model.sit(next.user, next.seat, next.watch);
    else if (next.do === "cut") model.cut(next.user);
    // A face of 0 is random: the model is told what it was.
    else if (next.do === "roll") model.roll(next.user, next.face === 0 ? this.#rolled(next.user) : next.face);
    else model.leave(next.user);
  }

  #isOnline(who: number): boolean {
    return this.room.room.value.seats.some((seat) => seat.user === who && seat.way.is === "online");
  }

  #rolled(who: number): number {
    return (this.room.state as DiceState).points[who] ?? 0;
  }
}

function check({ room: { room, state }, model }: Evening): void {
  const { seats } = room.value;
  const indices = seats.map(({ index }) => index);
  assert.equal(new Set(indices).size, indices.length, "two users on a seat");
  assert.equal(new Set(room.users).size, room.users.length, "a user on two seats");
  assert.deepEqual(
    indices,
    indices.toSorted((a, b) => a - b),
    "seats out of order",
  );
  assert.equal(room.isOver, model.phase === "over");
  assert.deepEqual(
    Object.fromEntries(seats.map(({ user: who, index, way }) => [who, `${index} ${way.is}`])),
    Object.fromEntries([...model.seats].map(([who, { index, way }]) => [who, `${index} ${way}`])),
    "users lost or invented",
  );
  if (room.isOver) return;
  const { phase, points } = state as DiceState;
  assert.equal(phase, model.phase);
  assert.deepEqual(points, Object.fromEntries(model.points));
}

/** While a game is on a scene shows nobody else's points. */
function checkScenes(lines: readonly string[]): void {
  for (const line of lines) {
    const [, reader, dice_] = /^(\d+): Scene playing (.*)$/.exec(line) ?? [];
    if (dice_ === undefined) continue;
    const shown = Object.entries(JSON.parse(dice_) as Record<string, number>);
    assert.ok(
      shown.every(([who, points]) => points === 0 || who === reader),
      `a hidden point in ${line}`,
    );
  }
}

/** Everything but the numbers of outputs: each restart leaves a gap in them. */
function known({ room }: Evening): object {
  const seats = room.room.value.seats.map(({ way, ...seat }) => ({ ...seat, way: way.is }));
  return { ...room.room.value, outbox: room.room.value.outbox.kept.length, seats };
}

test("[PROTOCOL §3][PROTOCOL §4][P2] random evenings: seats and points as in the model, no hidden point shown, and a restore at every step changes nothing", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 80, size: "max" }), (steps) => {
      const evening = new Evening();
      const twin = new Evening();
      for (const next of steps) {
        evening.take(next);
        check(evening);
        if (!twin.room.room.isOver) twin.room.restart(); // a room that is over is not kept
        twin.take(next);
        const heard = evening.heard();
        checkScenes(heard);
        assert.deepEqual(twin.heard(), heard, "a restored room says something else");
        assert.deepEqual(known(twin), known(evening), "a restored room knows something else");
      }
    }),
    { numRuns: 500 },
  );
});
