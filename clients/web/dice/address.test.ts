/** What the page's address means. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fragmentOf, readPlace, takeToken } from "./address.ts";

test("[web] a table, watched or not, and the lobby for all else", () => {
  assert.deepEqual(readPlace("#table=5"), { table: "5", isWatching: false });
  assert.deepEqual(readPlace("#table=9223372036854775807&watch"), { table: "9223372036854775807", isWatching: true });
  for (const fragment of ["", "#", "#lobby", "#table=0", "#table=-1", "#table=05", "#table=9223372036854775808", "#table=1%202"])
    assert.equal(readPlace(fragment).table, undefined, fragment);
});

test("[web] what is read is what was written", () => {
  for (const place of [
    { table: "5", isWatching: true },
    { table: "6", isWatching: false },
    { table: undefined, isWatching: false },
  ])
    assert.deepEqual(readPlace(`#${fragmentOf(place)}`), place);
});

test("[web] a token is taken out of the address, and nothing else is", () => {
  assert.deepEqual(takeToken("#table=5&watch&token=a.b-c_d"), { token: "a.b-c_d", rest: "table=5&watch" });
  assert.deepEqual(takeToken("#token=a.b.c"), { token: "a.b.c", rest: "lobby" });
  assert.equal(takeToken("#table=5").token, undefined);
});
