/** What the operator's page makes of what it hears, without a browser: metrics, refusals over time, the fleet as several members see it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AdminClient } from "#clients/croupier/admin.ts";
import { readMetrics } from "#clients/web/operator/exposition.ts";
import { alarmsOf, gameServers, nameOf } from "#clients/web/operator/fleet.ts";
import { alarmsIn, History, type Taken } from "#clients/web/operator/history.ts";
import type { Member } from "#clients/web/operator/member.ts";
import { hrefOf, routeOf } from "#clients/web/operator/route.ts";
import type { ServerView } from "#protocol/admin_views.ts";
import type { ServiceName } from "#runtime/process_views.ts";

const refusal = "croupier_door_refusals_total";

function taken(url: string, count: number, code = "114"): Taken {
  return { url, measured: [{ name: refusal, labels: new Map([["code", code]]), value: count }] };
}

interface Known {
  readonly service: ServiceName;
  readonly machine?: string;
  readonly journal?: string;
  readonly servers?: readonly ServerView[];
  readonly held?: number;
}

function member(url: string, { service, machine = "vm", journal, servers, held = 0 }: Known): Extract<Member, { is: "there" }> {
  const process = { service, machine, release: "v1", startedAtMs: 1, role: "operate" } as const;
  const drain = { stage: "serving", kind: "move", rooms: 2, players: 3, sessions: 0, waitsFor: "" } as const;
  return { admin: new AdminClient(url, undefined), is: "there", about: { process, drain, journal, servers: servers && { servers, held } } };
}

function server(address: string, more: Partial<ServerView> = {}): ServerView {
  return { address, isLinked: true, isOffered: true, rooms: 2, users: 3, release: "v1", ...more };
}

test("[admin] metrics are read with labels of any text, and what is no line of them is left out", () => {
  const text = [
    "# HELP a of a kind",
    'a{code="114",service="gate"} 3',
    'a{what="a \\"b\\", c\\\\\\n}",x=""} 1.5e3 1700000000000',
    "a 4",
    "b 5",
    "a{code=",
    "",
  ].join("\n");
  const all = readMetrics(text, new Set(["a"])).map(({ labels, value }) => [Object.fromEntries(labels), value]);
  assert.deepEqual(all, [
    [{ code: "114", service: "gate" }, 3],
    [{ what: 'a "b", c\\\n}', x: "" }, 1500],
    [{}, 4],
  ]);
  assert.equal(readMetrics("a +Inf", new Set(["a"]))[0]?.value, Number.POSITIVE_INFINITY);
});

test("[admin] refusals of several processes are one count; the first look is no rise, nor a restart a fall", () => {
  const history = new History();
  const risesOf = (...all: Taken[]): unknown => history.add(all).at(-1)?.counts.get("refusal 114");
  assert.deepEqual(risesOf(taken("a", 7), taken("b", 1)), { rise: 0, total: 8 });
  assert.deepEqual(risesOf(taken("a", 9), taken("b", 1)), { rise: 2, total: 10 });
  assert.deepEqual(risesOf(taken("a", 3), taken("b", 2)), { rise: 4, total: 5 });
  for (let look = 0; look < 100; look++) history.add([taken("a", 3)]);
  assert.equal(history.add([]).length, 60, "five minutes of them");
});

test("[admin] a gauge that is wrong is an alarm, by the name of its process", () => {
  const gate = member("http://a", { service: "gate", machine: "gate-1" });
  const measured = [
    { name: "croupier_redis_up", labels: new Map<string, string>(), value: 0 },
    { name: "croupier_fleet_up", labels: new Map<string, string>(), value: 1 },
  ];
  assert.deepEqual(alarmsIn(new History().add([{ url: "http://a", measured }]), [gate]), ["gate-1 cannot reach Redis: no new rooms."]);
});

test("[admin] a game server is one row, whether gates tell of it or it does itself; two on one machine have their addresses' names", () => {
  const first = member("http://h:1", { service: "game_server", journal: "j1" });
  const alone = member("http://h:9", { service: "game_server", machine: "dice-9", journal: "j9" });
  const servers = [
    server("h:60001", { journal: "j1", machine: "vm" }),
    server("h:60002", { journal: "j2", machine: "vm", isLinked: false }),
  ];
  const gate = member("http://h:3", { service: "gate", machine: "gate-1", servers });
  const other = member("http://h:4", { service: "gate", machine: "gate-2", servers: servers.map((view) => ({ ...view, isLinked: true })) });
  const members = [gate, other, first, alone];
  assert.deepEqual(
    gameServers(members).map(({ name, view, member: own }) => [name, view?.isLinked, own?.admin.url]),
    [
      ["dice-9", undefined, "http://h:9"],
      ["h:60001", true, "http://h:1"],
      ["h:60002", true, undefined],
    ],
  );
  assert.deepEqual(
    members.map((one) => nameOf(one, members)),
    ["gate-1", "gate-2", "h:60001", "dice-9"],
  );
});

test("[admin] alarms: who does not answer, is not linked, is stuck; rooms that are held or unreadable", () => {
  const lots = [{ game: "dice", version: 2, rooms: 3, users: 0 }];
  const views = [
    server("a", { journal: "a", machine: "dice-0", isLinked: false }),
    server("b", { journal: "b", machine: "dice-1", stage: "draining", drain: "stuck", rooms: 1, unreadable: lots }),
    server("c", { isLinked: false }),
  ];
  const gate = member("http://h:3", { service: "gate", machine: "gate-1", servers: views, held: 2 });
  const silent: Member = { admin: gate.admin, is: "silent", why: "nobody listens at http://h:7.", last: undefined };
  assert.deepEqual(alarmsOf([gate, silent]), [
    "nobody listens at http://h:7.",
    "gate-1 holds 2 rooms: their game server cannot be reached.",
    "dice-0 is not linked.",
    "dice-1 drains and is stuck: nobody takes its 1 room.",
    "dice-1 has 3 rooms that this release cannot read.",
  ]);
  assert.deepEqual(alarmsOf([member("http://h:3", { service: "gate", servers: [server("a", { journal: "a" })] })]), []);
});

test("[web][admin] an address leads to what it names, and one that nobody can have written to the fleet", () => {
  const room = { at: "room", which: "dice/1" } as const;
  assert.deepEqual(routeOf(hrefOf(room)), room);
  assert.deepEqual(routeOf("#/sessions"), { at: "sessions" });
  for (const hash of ["", "#/", "#/room", "#/room/", "#/room/%", "#/room/%ff", "#/elsewhere"])
    assert.deepEqual(routeOf(hash), { at: "fleet" }, hash);
});
