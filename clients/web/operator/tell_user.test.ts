/** Who was told when one of several gates does not answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type AdminClient, NotThere, Silent } from "#clients/croupier/admin.ts";
import { tellUser } from "./tell_user.ts";

/** A gate that reaches so many sessions, or answers by throwing. */
function gate(answer: number | Error): AdminClient {
  const ask = async (): Promise<unknown> => {
    if (answer instanceof Error) throw answer;
    return { sessions: answer };
  };
  return { ask } as unknown as AdminClient;
}

const nobody = new NotThere("http://b says 404: no such user.");
const silent = new Silent("http://c does not answer.");

test("[web][admin] a user is told once one gate has reached him, and what went wrong at another is said beside it", async () => {
  assert.equal(await tellUser([gate(2), gate(nobody), gate(1)], 7, "Noon."), "User 7 was told, at 3 sessions.");
  const said = await tellUser([gate(silent), gate(1), gate(silent)], 7, "Noon.");
  assert.equal(said, "User 7 was told, at 1 session. But http://c does not answer. But http://c does not answer.");
});

test("[web][admin] a user whom no gate has reached was not told, and why is said", async () => {
  await assert.rejects(tellUser([gate(nobody)], 7, "Noon."), /^Trouble: user 7 has no session any more\.$/);
  await assert.rejects(tellUser([gate(nobody), gate(silent)], 7, "Noon."), /^Trouble: http:\/\/c does not answer\.$/);
  await assert.rejects(tellUser([gate(1), gate(new TypeError("ours"))], 7, "Noon."), TypeError);
});
