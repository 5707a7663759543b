import assert from "node:assert/strict";
import { test } from "node:test";
import { Names } from "./names.ts";

const room = (id: string) => ({ game: "dice", id });

test("[P1] of two lives of one name the first is found, and the other as soon as the first is gone", () => {
  const names = new Names<ReturnType<typeof room>>();
  const [first, second, other] = [room("1"), room("1"), room("2")];
  for (const one of [first, second, other]) names.add(one);
  assert.equal(names.get("dice", "1"), first);
  names.remove(first);
  assert.equal(names.get("dice", "1"), second, "a sit that asks for it would open the name anew, and be refused for ever");
  names.remove(second);
  assert.deepEqual([names.has("dice", "1"), names.get("dice", "2")], [false, other]);
});

test("[P1] of two lives of one name the second goes, and the first keeps it", () => {
  const names = new Names<ReturnType<typeof room>>();
  const [first, second] = [room("1"), room("1")];
  for (const one of [first, second]) names.add(one);
  names.remove(second);
  assert.equal(names.get("dice", "1"), first);
  names.remove(first);
  assert.equal(names.get("dice", "1"), undefined);
});
