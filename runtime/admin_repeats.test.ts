/** A lost answer is given again, and nothing is done twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Begun, type KeptAnswer, Repeats } from "./admin_repeats.ts";
import { ManualClock } from "./clock_manual.ts";

const answer = (body: string, status = 200): KeptAnswer => ({ status, type: "application/json", body });

/** The first of its key. */
function fresh(begun: Begun): Extract<Begun, { is: "new" }> {
  assert.equal(begun.is, "new");
  return begun as Extract<Begun, { is: "new" }>;
}

test("[admin] a repeat hears the first answer, also while that is still being found; another request by the key does not", async () => {
  const repeats = new Repeats(new ManualClock());
  const first = fresh(repeats.begin("a", ["POST", "/drain"]));
  const meanwhile = repeats.begin("a", ["POST", "/drain"]);
  assert.ok(meanwhile.is === "repeat");
  first.finish(answer("1"));
  assert.deepEqual(await meanwhile.answer, answer("1"));
  const later = repeats.begin("a", ["POST", "/drain"]);
  assert.ok(later.is === "repeat");
  assert.deepEqual(await later.answer, answer("1"));
  assert.equal(repeats.begin("a", ["POST", "/rebalance"]).is, "other");
  assert.equal(repeats.begin("b", ["POST", "/drain"]).is, "new");
});

test("[admin] an answer is kept for ten minutes; a request under way is not forgotten, however long it takes", async () => {
  const clock = new ManualClock();
  const repeats = new Repeats(clock);
  fresh(repeats.begin("slow", ["x"]));
  fresh(repeats.begin("a", ["x"])).finish(answer("1"));
  await clock.advance(599_000);
  assert.equal(repeats.begin("a", ["x"]).is, "repeat");
  await clock.advance(2000);
  assert.equal(repeats.begin("a", ["x"]).is, "new");
  assert.equal(repeats.begin("slow", ["x"]).is, "repeat");
});

test("[admin] an answer that says not now is not kept: whoever asks again has it tried again", async () => {
  const repeats = new Repeats(new ManualClock());
  const first = fresh(repeats.begin("a", ["x"]));
  const meanwhile = repeats.begin("a", ["x"]);
  first.finish(answer("no space", 503));
  assert.ok(meanwhile.is === "repeat");
  assert.equal((await meanwhile.answer).status, 503);
  fresh(repeats.begin("a", ["x"])).finish(answer("1"));
});

test("[admin][P7] a thousand keys and a megabyte of answers are remembered: the oldest that is answered goes first", () => {
  const repeats = new Repeats(new ManualClock());
  const slow = fresh(repeats.begin("slow", ["x"]));
  for (let at = 0; at < 999; at++) fresh(repeats.begin(`${at}`, ["x"])).finish(answer("1"));
  fresh(repeats.begin("one more", ["x"])).finish(answer("1"));
  assert.equal(repeats.begin("slow", ["x"]).is, "repeat");
  assert.equal(repeats.begin("1", ["x"]).is, "repeat");
  fresh(repeats.begin("0", ["x"])).finish(answer("x".repeat(1024 * 1024 - 500)));
  assert.equal(repeats.begin("0", ["x"]).is, "repeat");
  assert.equal(repeats.begin("998", ["x"]).is, "repeat");
  assert.equal(repeats.begin("400", ["x"]).is, "new", "it has made room for the large one");
  slow.finish(answer("1"));
});

test("[admin][P7] with a thousand requests under way another key is not taken", () => {
  const repeats = new Repeats(new ManualClock());
  const all = Array.from({ length: 1000 }, (_, at) => fresh(repeats.begin(`${at}`, ["x"])));
  assert.equal(repeats.begin("one more", ["x"]).is, "full");
  all[500]?.finish(answer("1"));
  assert.equal(repeats.begin("one more", ["x"]).is, "new");
  assert.equal(repeats.begin("500", ["x"]).is, "full");
});
