/** How a rollout is followed: what is told, and when it is over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerView } from "#protocol/admin_views.ts";
import { RolloutWatch } from "./rollout_watch.ts";

function server(machine: string, release: string, more: Partial<ServerView> = {}): ServerView {
  return {
    ...{ address: `${machine}:60001`, machine, journal: machine, release, isLinked: true, isOffered: true },
    ...{ stage: "serving", drain: "move", rooms: 0, users: 0, ...more },
  };
}

/** Not heard yet, as everything is by a gate that has just started. */
const dialled: ServerView = { address: "dice-0:60001", isLinked: false, isOffered: false, rooms: 0, users: 0 };

const drains = (rooms: number, drain = "move"): Partial<ServerView> => ({ stage: "draining", isOffered: false, drain, rooms });

function watching(release?: string) {
  const watch = new RolloutWatch(release);
  let nowMs = 0;
  return {
    look: (...servers: ServerView[]) => watch.look({ servers, held: 0 }, nowMs),
    lookHeld: (held: number, ...servers: ServerView[]) => watch.look({ servers, held }, nowMs),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("[rollout] a whole rollout is told change by change, and is over when everybody has the release", () => {
  const { look, pass } = watching();
  assert.deepEqual(look(server("dice-0", "v1"), server("dice-1", "v1")), { lines: ["dice-0 v1 serving", "dice-1 v1 serving"], left: [] });
  const told: [ServerView[], string[]][] = [
    [[server("dice-0", "v1"), server("dice-1", "v1", drains(30))], ["dice-1 v1 draining (move), 30 rooms left"]],
    [[server("dice-0", "v1"), server("dice-1", "v1", drains(1))], ["dice-1 v1 draining (move), 1 room left"]],
    [[server("dice-0", "v1")], ["dice-1 gone"]],
    [[server("dice-0", "v1"), server("dice-1", "v2")], ["dice-1 v2 serving"]],
    [[server("dice-0", "v1", drains(3, "stuck")), server("dice-1", "v2")], ["dice-0 v1 draining (stuck), 3 rooms left"]],
    [[server("dice-0", "v1", { isLinked: false, isOffered: false }), server("dice-1", "v2")], ["dice-0 v1 not linked"]],
    [[server("dice-1", "v2")], ["dice-0 gone"]],
  ];
  for (const [servers, lines] of told) {
    const heard = look(...servers);
    assert.deepEqual(heard.lines, lines);
    assert.ok(heard.left.length > 0, `${lines} is not the end`);
    assert.deepEqual(look(...servers).lines, [], "nothing has changed");
    pass(3000);
  }
  assert.deepEqual(look(server("dice-0", "v2"), server("dice-1", "v2")), { lines: ["dice-0 v2 serving"], left: [] });
});

test("[rollout] a server that has gone may come back: what is left over is no fleet of one release before that", () => {
  const { look, pass } = watching();
  look(server("dice-0", "v1"), server("dice-1", "v1", drains(0)));
  assert.deepEqual(look(server("dice-0", "v1")).left, ["dice-1 is gone and may come back"]);
  pass(19_999);
  assert.equal(look(server("dice-0", "v1")).left.length, 1);
  pass(1);
  assert.deepEqual(look(server("dice-0", "v1")).left, [], "it was taken out for good");
});

test("[rollout] who waits for a release waits until every server has it", () => {
  const { look } = watching("v2");
  assert.deepEqual(look(server("dice-0", "v1"), server("dice-1", "v1")).left, ["dice-0 has v1", "dice-1 has v1"]);
  assert.deepEqual(look(server("dice-0", "v1"), server("dice-1", "v2")).left, ["dice-0 has v1", "releases v1 and v2 are there"]);
  assert.deepEqual(look(server("dice-0", "v2"), server("dice-1", "v2")).left, []);
});

test("[rollout] a server that takes no rooms, as a bad canary, keeps it from being over", () => {
  const { look } = watching("v2");
  const closed = server("dice-0", "v2", { isOffered: false });
  assert.deepEqual(look(closed), { lines: ["dice-0 v2 serving, takes no rooms"], left: ["dice-0 v2 serving, takes no rooms"] });
  const { stage, drain, ...old } = server("dice-1", "v2", { isOffered: false, rooms: 3 });
  assert.deepEqual(look(closed, old).lines, ["dice-1 v2 takes no rooms, 3 rooms left"], "an older release does not say that it drains");
});

test("[rollout] rooms that are held keep it from being over, and are told when nobody drains", () => {
  const { lookHeld } = watching();
  const one = server("dice-0", "v1");
  assert.deepEqual(lookHeld(2, one).left, ["2 rooms held"]);
  assert.deepEqual(lookHeld(1, one).lines, ["1 room held by this gate"]);
  assert.deepEqual(lookHeld(5, one, server("dice-1", "v1", drains(9))).lines, ["dice-1 v1 draining (move), 9 rooms left"]);
  assert.deepEqual(lookHeld(0, one, server("dice-1", "v1")).lines, ["dice-1 v1 serving", "0 rooms held by this gate"]);
});

test("[rollout] a gate that has just started knows nobody: nobody is said to be gone, and it is not over", () => {
  const { look } = watching();
  look(server("dice-0", "v1"), server("dice-1", "v1"));
  assert.deepEqual(look(), { lines: [], left: ["no game server is known"] });
  assert.deepEqual(look(dialled, server("dice-1", "v1")), { lines: [], left: ["dice-0:60001 has not answered yet"] });
  assert.deepEqual(look(server("dice-0", "v1"), server("dice-1", "v1")), { lines: [], left: [] });
});
