/** How a game server finds the others: whom it dials, and whom it leaves alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { fixedFleet } from "#fleet/fleet.ts";
import { greetGate, type ServerGreeter } from "#link/greeting.ts";
import { memoryPair } from "#link/socket_memory.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";
import { linkKeysOf, readSettings } from "#runtime/settings.ts";
import { Peers } from "./peers.ts";

const own = "00000000000000aa";
const keys = linkKeysOf(readSettings({}));

/** The peers of a server whose fleet has these addresses. */
function peersAt(clock: ManualClock, addresses: readonly string[], hello: (address: string) => ReturnType<ServerGreeter["hello"]>) {
  let dialled = 0;
  const peers = new Peers({
    ...{ clock, keys: () => keys, entropy: systemEntropy, log: silentLog, journal: own, isDurable: true, release: "dev" },
    fleet: fixedFleet(["dice"], addresses),
    dial: async (address) => {
      dialled += 1;
      const [ours, theirs] = memoryPair(clock);
      const greeter = { clock, keys, entropy: systemEntropy, refuse: () => undefined, onUp: () => {}, onFailed: () => {} };
      greetGate(theirs, { ...greeter, hello: () => hello(address) });
      return ours;
    },
  });
  /** The addresses of the servers that may be offered a room of dice with a state of this version. */
  const takers = async (version: number): Promise<string[]> => {
    const found = peers.takers("dice", version);
    for (let turn = 0; turn < 8; turn++) await immediate();
    return (await found).map(({ address }) => address);
  };
  return { takers, dialled: () => dialled };
}

test("[P7] a server that finds itself in the fleet does not dial itself at every look", async () => {
  const clock = new ManualClock();
  const hello = () => ({ journal: own, boot: 1, release: "dev", games: ["dice"] });
  const { takers, dialled } = peersAt(clock, ["here"], hello);
  const look = async (): Promise<void> => assert.deepEqual(await takers(1), []);
  for (let second = 0; second < 20; second++) {
    await look();
    await clock.advance(1000);
  }
  assert.equal(dialled(), 1);
  await clock.advance(20_000);
  await look();
  assert.equal(dialled(), 2, "somebody else may have the address by now");
});

test("[P5] a room is offered to servers that can read its state, and to those of an older release, which do not say", async () => {
  const status = { rooms: 0, users: 0, takesNewRooms: true, free: [] };
  /** What each of them says of dice, by address. */
  const deals: Readonly<Record<string, { version: number; upgrades: boolean }[]>> = {
    ...{ "writes 1": [{ version: 1, upgrades: false }], "writes 2": [{ version: 2, upgrades: false }] },
    ...{ "reads 1": [{ version: 2, upgrades: true }], "does not say": [] },
  };
  const addresses = Object.keys(deals);
  const { takers } = peersAt(new ManualClock(), addresses, (address) => ({
    ...{ journal: `${addresses.indexOf(address)}`.padStart(16, "0"), boot: 1, release: "dev", games: ["dice"], durable: true, status },
    deals: (deals[address] ?? []).map((deal) => ({ game: "dice", ...deal })),
  }));
  assert.deepEqual((await takers(1)).toSorted(), ["does not say", "reads 1", "writes 1"]);
  assert.deepEqual((await takers(2)).toSorted(), ["does not say", "reads 1", "writes 2"]);
  assert.deepEqual(await takers(3), ["does not say"]);
});
