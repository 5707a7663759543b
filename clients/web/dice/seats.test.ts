/** Who is drawn on which chair. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Player } from "#clients/client.ts";
import { seatingOf } from "./seats.ts";

const at = (user: bigint, seat: number | undefined): Player => ({ user, seat, isOnline: true });
const table = (players: readonly Player[], rolled: readonly bigint[], phase: "playing" | "idle" = "playing") => ({
  players,
  phase,
  points: new Map(rolled.map((user) => [user, 0])),
});
const drawn = (...args: Parameters<typeof table>) => seatingOf(table(...args), 4).chairs.map(({ player }) => player?.user);

test("[web] chairs in order, free ones too; watchers apart", () => {
  const { chairs, watchers } = seatingOf(table([at(7n, 2), at(9n, 4)], [7n]), 4);
  assert.deepEqual(
    chairs.map(({ seat, player }) => [seat, player?.user]),
    [[0, undefined], [1, undefined], [2, 7n], [3, undefined]], // biome-ignore format: one row
  );
  assert.deepEqual(
    watchers.map(({ user }) => user),
    [9n],
  );
});

test("[web] whose chair nobody has said sits on the first free one, and so does who has rolled and was not named", () => {
  assert.deepEqual(drawn([at(1n, undefined), at(2n, 0)], [1n, 3n]), [2n, 1n, 3n, undefined]);
  assert.deepEqual(
    seatingOf(table([], [1n, 2n, 3n]), 2).chairs.map(({ player }) => player?.user),
    [1n, 2n, 3n],
  );
});

test("[web] whoever was away at the settlement has no chair any more, though his points are still shown", () => {
  assert.deepEqual(drawn([at(1n, 0)], [1n, 2n], "idle"), [1n, undefined, undefined, undefined]);
});
