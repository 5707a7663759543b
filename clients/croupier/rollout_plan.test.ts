/** What a rollout will do: where rooms go, how often, what stays, and what an undo would find. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LotView, ServerView } from "#protocol/admin_views.ts";
import { linesOf } from "./rollout_lines.ts";
import { planRollout, type Release, type RolloutPlan } from "./rollout_plan.ts";

const rooms = (count: number, version = 1): LotView => ({ game: "dice", version, rooms: count, users: 4 * count });

/** A server of v1 with these rooms, started in the order of its ordinal. */
function server(machine: string, lots: readonly LotView[], more: Partial<ServerView> = {}): ServerView {
  const at = Number(/\d+$/.exec(machine)?.[0] ?? 0);
  const users = lots.reduce((sum, lot) => sum + lot.users, 0);
  return {
    ...{ address: `10.0.0.${at}:60001`, machine, journal: machine, release: "v1", startedAtMs: 1000 + at, durable: true, parks: false },
    ...{ deals: [{ game: "dice", version: 1, upgrades: false }], isLinked: true, isOffered: true, stage: "serving", drain: "move" },
    ...{ rooms: lots.reduce((sum, lot) => sum + lot.rooms, 0), users, lots, unreadable: [], ...more },
  };
}

/** Of an older release, which says nothing of its rooms. */
function oldServer(machine: string, more: Partial<ServerView> = {}): ServerView {
  const { deals, stage, drain, lots, unreadable, parks, ...view } = server(machine, [], { rooms: 5, users: 20, ...more });
  return view;
}

const v2: Release = { name: "v2", deals: [{ game: "dice", version: 1, upgrades: false }], drainDeadlineMs: 110_000 };
const upgrading: Release = { ...v2, deals: [{ game: "dice", version: 2, upgrades: true }] };
const breaking: Release = { ...v2, deals: [{ game: "dice", version: 2, upgrades: false }] };
const rolled = { release: "v2", deals: upgrading.deals, startedAtMs: 5000 };

/** Which server, and what becomes of its rooms: "25 to dice-0", "5 parks", "5 waits". */
function outline({ steps }: RolloutPlan): string[] {
  return steps.map(({ server: name, outcomes }) => {
    const ends = outcomes.map((one) => `${one.rooms} ${one.becomes === "moves" ? `to ${one.to}` : one.becomes}`);
    return [`${name}:`, ...ends].join(" ");
  });
}

test("[rollout] servers go highest ordinal first, and their rooms to the one that was started last", () => {
  const plan = planRollout([server("dice-0", [rooms(10)]), server("dice-1", [rooms(20)]), server("dice-2", [rooms(30)])], v2);
  assert.equal(plan.order, "ordinals");
  assert.deepEqual(outline(plan), ["dice-2: 30 to dice-1", "dice-1: 50 to dice-2", "dice-0: 10 to dice-1"]);
  assert.deepEqual(
    plan.after.map((one) => `${one.server} ${one.rooms}`),
    ["dice-0 0", "dice-1 10", "dice-2 50"],
  );
});

test("[rollout] ten servers: 10 goes before 9, and those of another set keep their own order", () => {
  const all = ["a-9", "b-0", "a-10", "b-1"].map((machine) => server(machine, []));
  assert.deepEqual(outline(planRollout(all, v2)), ["a-10:", "a-9:", "b-1:", "b-0:"]);
});

test("[rollout] rooms of the first server may move twice: moves are counted, and time for them and for each restart", () => {
  const plan = planRollout([server("dice-0", [rooms(25)]), server("dice-1", [rooms(25)])], v2);
  assert.deepEqual(outline(plan), ["dice-1: 25 to dice-0", "dice-0: 50 to dice-1"]);
  assert.deepEqual([plan.moves, plan.ms], [75, 75 * 5 + 2 * 5000], "200 moves a second, 5 s a restart");
  assert.deepEqual(plan.lost, { rooms: 0, users: 0 });
});

test("[rollout] without ordinals, or where they say nothing since all are on one machine, the oldest goes first", () => {
  const odd = [server("x", [], { startedAtMs: 2 }), server("y", [], { startedAtMs: 1 }), server("dice-0", [])];
  const plan = planRollout(odd, v2);
  assert.deepEqual([plan.order, outline(plan)], ["start", ["y:", "x:", "dice-0:"]]);
  const one = [server("pc-7", [], { address: "h:1", startedAtMs: 2 }), server("pc-7", [], { address: "h:2", startedAtMs: 1 })];
  assert.deepEqual(outline(planRollout(one, v2)), ["h:2:", "h:1:"], "and is called by its address");
});

test("[rollout] a release that upgrades takes older rooms, and its own go to no older one", () => {
  const plan = planRollout([server("dice-0", [rooms(5)]), server("dice-1", [rooms(7)])], upgrading);
  assert.deepEqual(outline(plan), ["dice-1: 7 to dice-0", "dice-0: 12 to dice-1"]);
  const [first, last] = plan.steps.map(({ outcomes }) => outcomes[0]);
  assert.deepEqual([first?.toVersion, last?.version, last?.toVersion], [1, 1, 2]);
  assert.deepEqual(
    plan.undo,
    [{ to: "v1", game: "dice", version: 2, rooms: 12, isRead: false }],
    "undo leaves behind what it does not read",
  );
  assert.deepEqual(plan.differences, [{ game: "dice", writers: [{ version: 1, servers: ["dice-0", "dice-1"] }], version: 2 }]);
});

test("[rollout] the same version on both sides: nothing differs, and an undo finds every room readable", () => {
  const { differences, undo } = planRollout([server("dice-0", [rooms(5)])], v2);
  assert.deepEqual([differences, undo.map(({ isRead }) => isRead)], [[], [true]]);
});

test("[rollout] rooms that no ready server reads are dissolved at the drain deadline, which takes its time", () => {
  const plan = planRollout([server("dice-0", [rooms(5)]), server("dice-1", [rooms(7)])], breaking);
  assert.deepEqual(outline(plan), ["dice-1: 7 to dice-0", "dice-0: 12 waits"]);
  assert.deepEqual([plan.lost, plan.moves], [{ rooms: 12, users: 48 }, 7]);
  assert.equal(plan.ms, 7 * 5 + 2 * 5000 + 110_000);
});

test("[rollout] where a successor is promised they park, and come back if the release reads them", () => {
  const parks = { parks: true };
  const breaks = planRollout([server("dice-0", [rooms(5)], parks)], breaking);
  assert.deepEqual([outline(breaks), breaks.lost.rooms, breaks.after], [["dice-0: 5 parks"], 0, [{ server: "dice-0", rooms: 0 }]]);
  assert.equal(breaks.steps[0]?.outcomes[0]?.to, undefined, "they wait in its journal");
  const upgrades = planRollout([server("dice-0", [rooms(5)], parks)], upgrading);
  assert.deepEqual([outline(upgrades), upgrades.steps[0]?.outcomes[0]?.toVersion], [["dice-0: 5 parks"], 2]);
  assert.deepEqual(upgrades.after, [{ server: "dice-0", rooms: 5 }]);
});

test("[rollout] one server alone: its rooms play on until the drain deadline", () => {
  assert.deepEqual(outline(planRollout([server("dice-0", [rooms(5)])], v2)), ["dice-0: 5 waits"]);
});

test("[rollout] DRAIN=park and DRAIN=wait are what they are, whoever could take the rooms", () => {
  const peer = server("dice-9", [], { ...rolled, deals: v2.deals });
  for (const [drain, parks, becomes, lost] of [
    ["park", true, "parks", 0],
    ["wait", false, "waits", 5],
    ["wait", true, "parks", 0],
  ] as const) {
    const plan = planRollout([server("dice-0", [rooms(5)], { drain, parks }), peer], v2);
    assert.deepEqual([outline(plan), plan.lost.rooms], [[`dice-0: 5 ${becomes}`], lost]);
    assert.equal(plan.steps[0]?.outcomes[0]?.isLate, drain === "wait");
  }
});

test("[rollout] nothing goes to a server that drains, is not offered, is not linked, or forgets its rooms", () => {
  for (const cannot of [{ stage: "draining" }, { isOffered: false }, { isLinked: false }, { durable: false }]) {
    const plan = planRollout([server("dice-0", [rooms(5)]), server("dice-1", [], { ...rolled, deals: v2.deals, ...cannot })], v2);
    assert.deepEqual(outline(plan).at(-1), "stage" in cannot ? "dice-0: 5 to dice-1" : "dice-0: 5 waits", JSON.stringify(cannot));
  }
  const memory = [server("dice-0", [rooms(5)], { durable: false }), server("dice-1", [], { durable: false })];
  assert.deepEqual(outline(planRollout(memory, v2)), ["dice-1:", "dice-0: 5 to dice-1"]);
});

test("[rollout] under way: what has been done is done, who drains goes first, and rooms are where they are", () => {
  const plan = planRollout(
    [
      server("dice-0", [rooms(5)], { stage: "draining", isOffered: false }),
      server("dice-1", [rooms(3)]),
      server("dice-2", [rooms(9, 2)], rolled),
    ],
    upgrading,
  );
  assert.deepEqual([plan.isUnderWay, plan.done, outline(plan)], [true, ["dice-2"], ["dice-0: 5 to dice-2", "dice-1: 3 to dice-0"]]);
  const over = planRollout([server("dice-0", [rooms(5, 2)], rolled)], upgrading);
  assert.deepEqual([over.isUnderWay, over.steps, over.done, over.ms], [false, [], ["dice-0"], 0]);
});

test("[rollout] rooms of a bad canary that nobody else reads stay there in an undo", () => {
  const canary = server("dice-1", [rooms(4, 2)], rolled);
  const undo: Release = { ...v2, name: "v1" };
  assert.deepEqual(outline(planRollout([server("dice-0", [rooms(5)]), canary], undo)), ["dice-1: 4 waits"]);
});

test("[rollout] a server of the release's name that deals otherwise is another build, and one that takes no rooms is named", () => {
  const other = server("dice-0", [], { release: "v2" });
  assert.deepEqual(outline(planRollout([other], upgrading)), ["dice-0:"]);
  const closed = server("dice-1", [], { ...rolled, isOffered: false });
  assert.deepEqual(planRollout([closed], upgrading).closed, ["dice-1"]);
});

test("[rollout] after an A/B switch the rooms of A go to B, and to none of A whatever has been replaced there", () => {
  const a = ["dice-a-0", "dice-a-1"].map((machine) => server(machine, [rooms(5)], { isOffered: false }));
  const plan = planRollout([...a, server("dice-b-0", [], { ...rolled, deals: v2.deals })], v2);
  assert.deepEqual(outline(plan), ["dice-a-1: 5 to dice-b-0", "dice-a-0: 5 to dice-b-0"]);
});

test("[rollout] rooms that wait in a journal go on with the release that reads them, after the restart", () => {
  const plan = planRollout([server("dice-0", [], { unreadable: [rooms(3, 2), rooms(1, 7)] })], upgrading);
  assert.deepEqual([plan.steps[0]?.revived, plan.after], [[rooms(3, 2)], [{ server: "dice-0", rooms: 3 }]]);
});

test("[rollout] older releases do not say what they read: their rooms are offered, and so are rooms to them", () => {
  const plan = planRollout([oldServer("dice-0"), oldServer("dice-1")], breaking);
  assert.deepEqual(outline(plan), ["dice-1: 5 to dice-0", "dice-0: 10 to dice-1"]);
  assert.deepEqual(
    plan.undo.map(({ to, isRead }) => [to, isRead]),
    [["v1", undefined]],
  );
  assert.deepEqual(plan.steps[0]?.outcomes[0]?.version, undefined);
});

test("[rollout] a game that the release does not deal any more stays while somebody else deals it, and is then lost", () => {
  const chess = { game: "chess", version: 1, rooms: 2, users: 2 };
  const deals = [{ game: "chess", version: 1, upgrades: false }, ...v2.deals];
  const plan = planRollout([server("dice-0", [], { deals }), server("dice-1", [chess], { deals })], v2);
  assert.deepEqual([outline(plan), plan.lost], [["dice-1: 2 to dice-0", "dice-0: 2 waits"], { rooms: 2, users: 2 }]);
});

test("[rollout] the plan in words", () => {
  assert.deepEqual(linesOf(planRollout([server("dice-0", [rooms(25)]), server("dice-1", [rooms(25)])], upgrading)), [
    "release v2 writes dice 2: 2 game servers to go with 50 rooms and 200 users, highest ordinal first",
    "state versions of dice differ: dice-0 and dice-1 write 1, v2 writes 2",
    "1. dice-1 (10.0.0.1:60001, release v1): 25 rooms and 100 users",
    "   25 rooms of dice version 1: to dice-0 (release v1)",
    "2. dice-0 (10.0.0.0:60001, release v1): 50 rooms and 200 users by then",
    "   50 rooms of dice version 1: to dice-1 (release v2), brought up to version 2",
    "75 moves, about 10.4 s: 200 moves a second, 2 restarts of 5.0 s",
    "afterwards: dice-0 0 rooms, dice-1 50 rooms",
    "nothing is lost",
    "an undo to v1 leaves dice behind: v2 writes version 2, which v1 does not read; of 50 rooms by then none moves back, they park or are dissolved. They would only if v2 still wrote the older version",
  ]);
});

for (const [what, servers, release, line] of [
  [
    "stays",
    [server("dice-0", [rooms(1)])],
    breaking,
    "1 room of dice version 1: played on, since no game server takes them, at the drain deadline dissolved: 4 users",
  ],
  [
    "waits",
    [server("dice-0", [rooms(2)], { drain: "wait" })],
    v2,
    "2 rooms of dice version 1: played on, as its drain waits, at the drain deadline dissolved: 8 users",
  ],
  [
    "parks",
    [server("dice-0", [rooms(2)], { parks: true })],
    upgrading,
    "2 rooms of dice version 1: parked in its journal, played on when it is back, brought up to version 2",
  ],
  [
    "parks unread",
    [server("dice-0", [rooms(2)], { parks: true })],
    breaking,
    "2 rooms of dice version 1: parked in its journal to wait there: release v2 does not read them",
  ],
  [
    "is revived",
    [server("dice-0", [], { unreadable: [rooms(3, 2)] })],
    upgrading,
    "3 rooms of dice version 2 that wait in its journal: played on when it is back",
  ],
  [
    "is stuck",
    [server("dice-0", [rooms(2)], { stage: "draining", drain: "stuck" }), server("dice-1", [], rolled)],
    upgrading,
    "2 rooms of dice version 1: to dice-1 (release v2), brought up to version 2",
  ],
  [
    "is unknown",
    [oldServer("dice-0"), server("dice-1", [], rolled)],
    upgrading,
    "5 rooms of unknown state versions: to dice-1 (release v2)",
  ],
] as const) {
  test(`[rollout] in words: what ${what}`, () => {
    const lines = linesOf(planRollout(servers, release));
    assert.ok(lines.includes(`   ${line}`), lines.join("\n"));
  });
}

test("[rollout] in words: how long it takes, what is lost, what has been done", () => {
  const stays = linesOf(planRollout([server("dice-0", [rooms(1)])], breaking)).join("\n");
  assert.match(stays, /^0 moves, about 115\.0 s: 200 moves a second, 1 restart of 5\.0 s, and waiting for the drain deadline$/m);
  assert.match(stays, /^lost, unless they end before: 1 room and 4 users$/m);
  const parks = linesOf(planRollout([server("dice-0", [rooms(1)], { parks: true })], breaking));
  assert.deepEqual(parks.slice(-3, -1), ["parked until there is a release that reads them: 1 room and 4 users", "nothing is lost"]);
  const under = linesOf(planRollout([server("dice-0", [rooms(2, 2)], rolled), oldServer("dice-1", { isLinked: false })], upgrading));
  assert.deepEqual(under, [
    "release v2 writes dice 2: on 1 game server, and no other one is linked",
    "dice-1 is not linked: what it has is unknown",
  ]);
});
