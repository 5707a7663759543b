/** `GAME_SERVERS`: names are looked up again every few seconds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "#runtime/clock_manual.ts";
import { silentLog } from "#runtime/log.ts";
import { StaticFleet } from "./fleet_static.ts";

test("[static] every address of a name counts, and a name is looked up again every 5 s", async () => {
  const clock = new ManualClock();
  let addresses = ["10.0.0.1", "10.0.0.2"];
  const fleet = new StaticFleet([{ game: "dice", host: "dice", port: 60_001 }], { clock, log: silentLog, resolve: async () => addresses });
  let changes = 0;
  fleet.watch(() => {
    changes += 1;
  });
  await clock.advance(0);
  assert.deepEqual([...fleet.addresses], ["10.0.0.1:60001", "10.0.0.2:60001"]);
  addresses = ["10.0.0.2", "fd00::3"];
  await clock.advance(5_000);
  assert.deepEqual([...fleet.addresses], ["10.0.0.2:60001", "[fd00::3]:60001"]);
  await clock.advance(20_000);
  assert.equal(changes, 2);
  fleet.stop();
  assert.equal(clock.pending, 0);
});

test("[static] a name that stops resolving keeps its last addresses", async () => {
  const clock = new ManualClock();
  let lookups = 0;
  const resolve = async (): Promise<string[]> => {
    lookups += 1;
    if (lookups > 1) throw new Error("ENOTFOUND");
    return ["10.0.0.1"];
  };
  const fleet = new StaticFleet([{ game: "dice", host: "dice", port: 60_001 }], { clock, log: silentLog, resolve });
  fleet.watch(() => {});
  await clock.advance(0);
  await clock.advance(10_000);
  assert.ok(lookups > 1);
  assert.deepEqual([...fleet.addresses], ["10.0.0.1:60001"]);
  fleet.stop();
});

test("[P9] the games players may ask for are those that the setting names", () => {
  const names = [
    { game: "dice", host: "a", port: 1 },
    { game: "rocket", host: "a", port: 1 },
  ];
  const fleet = new StaticFleet(names, { clock: new ManualClock(), log: silentLog, resolve: async () => [] });
  assert.deepEqual([...fleet.games], ["dice", "rocket"]);
});
