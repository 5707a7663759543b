/** How a game server finds the others: whom it dials, and whom it leaves alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { fixedFleet } from "#fleet/fleet.ts";
import { greetGate } from "#link/greeting.ts";
import { memoryPair } from "#link/socket_memory.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";
import { linkKeysOf, readSettings } from "#runtime/settings.ts";
import { ManualClock } from "#tests/support/manual_clock.ts";
import { Peers } from "./peers.ts";

const own = "00000000000000aa";

test("[P7] a server that finds itself in the fleet does not dial itself at every look", async () => {
  const clock = new ManualClock();
  const keys = linkKeysOf(readSettings({}));
  let dialled = 0;
  const peers = new Peers({
    ...{ clock, keys, entropy: systemEntropy, log: silentLog, journal: own, isDurable: true, release: "dev" },
    fleet: fixedFleet(["dice"], ["here"]),
    dial: async () => {
      dialled += 1;
      const [ours, theirs] = memoryPair(clock);
      const hello = () => ({ journal: own, boot: 1, release: "dev", games: ["dice"] });
      greetGate(theirs, { clock, keys, entropy: systemEntropy, hello, refuse: () => undefined, onUp: () => {}, onFailed: () => {} });
      return ours;
    },
  });
  const look = async (): Promise<void> => {
    const takers = peers.takers("dice");
    for (let turn = 0; turn < 8; turn++) await immediate();
    assert.deepEqual(await takers, []);
  };
  for (let second = 0; second < 20; second++) {
    await look();
    await clock.advance(1000);
  }
  assert.equal(dialled, 1);
  await clock.advance(20_000);
  await look();
  assert.equal(dialled, 2, "somebody else may have the address by now");
});
