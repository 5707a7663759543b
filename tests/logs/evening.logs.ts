/**
 * A whole evening on real processes: what they said, written down as a kubelet does, read by Fluentd's own configuration, indexed
 * under the real template; then questions, as efk/README.md and Kibana's saved objects put them.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Collector, type Document } from "./collector.ts";
import { evening as toldBy } from "./diary.ts";
import { fluentdConfig, fluentdEnv } from "./efk.ts";
import { Elastic, type Hit, templateMapping } from "./elastic.ts";
import { floodingUser, playEvening, type Story, wrongUser } from "./evening.ts";
import { Fleet } from "./fleet.ts";
import { assertIndexed } from "./indexed.ts";
import { translate } from "./kql.ts";
import { collectFiles } from "./kubelet_files.ts";
import { questions } from "./questions.ts";
import { aggregationsOf, asked, lensPanels } from "./saved_objects.ts";

const url = process.env["ELASTIC_URL"] ?? "http://127.0.0.1:9200";

/** Nothing of the kind happens in this evening. */
const neverAsked = [/crash/, /slow/, /stuck/, /power/, /unreadable/, /Kubernetes/, /parked/, /lost/, /came back/, /conflict/, /disk/];

interface Evening {
  readonly story: Story;
  readonly elastic: Elastic;
  readonly documents: readonly Document[];
}

let evening: Evening | undefined;

/** Undefined, and the test skipped, where there is no redis-server. */
async function played(t: TestContext): Promise<Evening | undefined> {
  if (evening !== undefined) return evening;
  const fleet = await Fleet.open(t);
  if (fleet === undefined) return undefined;
  const story = await playEvening(t, fleet);
  const collector = new Collector(fluentdConfig(), fluentdEnv);
  collectFiles(collector, fleet.root);
  assert.deepEqual(collector.unmatched, []);
  const rotations = fleet.files.reduce((sum, file) => sum + file.rotations, 0);
  t.diagnostic(`${collector.documents.length} lines of ${fleet.files.length} containers; ${rotations} files rotated away`);
  assert.ok(rotations > 0);
  const elastic = await Elastic.open(url);
  assert.deepEqual(await elastic.index(collector.documents), [], "nothing is refused");
  evening = { story, elastic, documents: collector.documents };
  return evening;
}

function ask({ elastic }: Evening, kql: string): Promise<Hit[]> {
  return elastic.search(translate(kql, templateMapping));
}

/** What lines say of one field, in order, each as often as it changes. */
function changes(hits: readonly Hit[], field: string): unknown[] {
  return hits.map(({ _source }) => _source[field]).filter((value, at, all) => value !== all[at - 1]);
}

test("[logs] every line is one document, under the template's own types; sent again it doubles nothing", {
  timeout: 120_000,
}, async (t) => {
  const all = await played(t);
  if (all !== undefined) await assertIndexed(all.elastic, all.documents);
});

test("[logs] what did player 7 do this evening: as he would tell it himself, word for word", async (t) => {
  const all = await played(t);
  if (all === undefined) return;
  for (const diary of [all.story.seven, all.story.eight]) {
    const hits = await ask(all, `user.id : ${diary.user}`);
    assert.deepEqual(toldBy(hits, diary.user), diary.entries);
    t.diagnostic(`user ${diary.user}, ${hits.length} lines: ${diary.entries.join(", ")}`);
  }
});

test("[logs] his sessions: lines of the gate and of the game server have one trace.id, and nobody else's lines have it", async (t) => {
  const all = await played(t);
  if (all === undefined) return;
  const seated = (await ask(all, 'user.id : 7 and event.action : (sit or "come back")')).map(({ _source }) => _source["trace.id"]);
  assert.equal(new Set(seated).size, 3, "he has come in three times");
  for (const trace of seated) {
    const hits = await ask(all, `trace.id : ${trace}`);
    const said = (field: string) => [...new Set(hits.map(({ _source }) => _source[field]))].toSorted();
    assert.deepEqual(said("service.name"), ["game_server", "gate"]);
    assert.deepEqual(said("user.id"), [7]);
    assert.equal(said("session.id").length, 1);
    assert.equal(hits[0]?._source["event.action"], "session open");
    t.diagnostic(`trace ${trace}: ${hits.map(({ _source }) => `${_source["service.name"]}: ${_source["event.action"]}`).join(", ")}`);
  }
});

test("[logs] a room's life across a move, a kill and a rollout", async (t) => {
  const all = await played(t);
  if (all === undefined) return;
  const { story } = all;
  const hits = await ask(all, "game.name : dice and room.id : 1");
  assert.deepEqual([...new Set(hits.map(({ _source }) => _source["room.life"]))], [story.life], "one life");
  const own = hits.filter(({ _source }) => _source["service.name"] === "game_server");
  const road = own.filter(({ _source }) => /^room (open|arrive|restore|end)$|^move end$/.test(String(_source["event.action"])));
  const place = ({ _source: line }: Hit) =>
    `${line["kubernetes.pod_name"]} ${line["service.version"]} epoch ${line["epoch"]} ${line["event.action"]}`;
  const [first = "", second = "", third = ""] = story.played;
  t.diagnostic(road.map(place).join(" → "));
  assert.deepEqual(
    road.map(place).toSorted(),
    [
      `${first} v1 epoch 1 room open`,
      `${first} v1 epoch 1 move end`,
      `${second} v1 epoch 2 room arrive`,
      `${second} v1 epoch 2 room restore`,
      `${second} v1 epoch 2 move end`,
      `${third} v2 epoch 3 room arrive`,
      `${third} v2 epoch 3 room end`,
    ].toSorted(),
  );
  assert.equal(road[0]?._source["event.action"], "room open");
  assert.equal(own.at(-1)?._source["event.action"], "room end");
  const games = own.filter(
    ({ _source: line }) => line["event.action"] === "settle" && [line["user.id"]].flat().includes(story.eight.user), // not those in which nobody rolled
  );
  assert.deepEqual(changes(games, "service.version"), ["v1", "v2"], "which release played which game");
  assert.equal(games.length, story.eight.entries.filter((entry) => entry.startsWith("settles")).length);
});

test("[logs] a rollout: who came and who left, in order, and where every room of the older release went", async (t) => {
  const all = await played(t);
  if (all === undefined) return;
  const pods = await ask(all, "event.action : (ready or stop)");
  const told = pods.map(({ _source: line }) => `${line["kubernetes.pod_name"]} ${line["service.version"]} ${line["event.action"]}`);
  t.diagnostic(told.join(", "));
  const from = told.indexOf("dice-2 v2 ready");
  assert.deepEqual(told.slice(from), [
    "dice-2 v2 ready",
    "dice-0 v1 stop",
    "dice-1 v1 stop",
    "gate-3 v2 ready",
    "gate-1 v1 stop",
    "gate-2 v1 stop",
    "dice-2 v2 stop",
    "gate-3 v2 stop",
  ]);
  const gone = await ask(all, 'service.version : v1 and event.action : "move end" and kubernetes.pod_name : dice*');
  const come = await ask(all, 'service.version : v2 and event.action : "room arrive"');
  const lives = (hits: readonly Hit[]) => new Set(hits.map(({ _source }) => _source["room.life"]));
  assert.ok(come.length > 0);
  assert.ok(lives(come).isSubsetOf(lives(gone)), "what came had been given");
  const ended = await ask(all, 'service.version : v1 and event.action : "room dissolve"');
  const why = new Set(ended.map(({ _source }) => _source["event.reason"]));
  assert.ok(why.isSubsetOf(new Set(["the server leaves, and nobody plays"])), "nobody lost a room");
});

test("[logs] who was refused, cut off, or not let in, and why", async (t) => {
  const all = await played(t);
  if (all === undefined) return;
  const codes = async (kql: string, field: string) => [...new Set((await ask(all, kql)).map(({ _source }) => _source[field]))];
  assert.deepEqual(await codes(`user.id : ${wrongUser} and event.action : refusal`, "error.code"), [119, 116, 112]);
  assert.deepEqual(await codes(`user.id : ${wrongUser} and event.action : "session close"`, "close.code"), [1003]);
  assert.deepEqual(await codes(`user.id : ${floodingUser} and event.action : "session close"`, "close.code"), [4429]);
  assert.ok((await codes(`user.id : ${floodingUser} and event.action : refusal`, "error.code")).includes(115));
  assert.deepEqual(await codes('event.action : "upgrade refusal"', "error.code"), [401]);
});

test("[logs] a process that did not get as far as its log, and other people's lines: text, which is found", async (t) => {
  const all = await played(t);
  if (all === undefined) return;
  const [setting] = await ask(all, 'kubernetes.pod_name : "dice-broken"');
  assert.match(String(setting?._source["message"]), /HOLD/);
  const others = await ask(all, 'kubernetes.pod_name : "other-0"');
  const texts = others.map(({ _source }) => String(_source["message"]));
  assert.ok(texts.includes("ä".repeat(20_000)), "what was cut in the middle of a character is whole");
  assert.ok(texts.includes("no end"));
  assert.ok(texts.some((text) => text.startsWith("Error: of somebody else")));
  for (const { _source } of others)
    assert.deepEqual([_source["log.level"], _source["event.dataset"], _source["epoch"]], ["unknown", "app", undefined]);
  assert.equal(await all.elastic.count(translate("message : somebody", templateMapping)), 1, "text is searched by its words");
});

test("[logs] every question of the README and every query of Kibana's is understood, and found in this evening", async (t) => {
  const all = await played(t);
  if (all === undefined) return;
  assert.ok(questions.length >= 12);
  for (const { by, kql } of [...questions, ...asked]) {
    const { length } = await ask(all, kql);
    t.diagnostic(`${String(length).padStart(5)} hits  ${by}  ${kql}`);
    if (!neverAsked.some((pattern) => pattern.test(by))) assert.ok(length > 0, `nothing for: ${by}`);
  }
});

test("[logs] every panel of the dashboard has a value", async (t) => {
  const all = await played(t);
  if (all === undefined) return;
  for (const panel of lensPanels) {
    const query = translate(panel.kql, templateMapping);
    const aggs = aggregationsOf(panel, templateMapping);
    const lines: number = await all.elastic.count(query);
    const answer: object = Object.keys(aggs).length === 0 ? { lines } : await all.elastic.aggregate<object>(query, aggs);
    t.diagnostic(`${panel.title}: ${lines} lines, ${JSON.stringify(answer).slice(0, 200)}`);
    assert.ok(
      valuesOf(answer).some((value) => value > 0),
      panel.title,
    );
  }
});

/** Every number in an answer that says how many, or how much. */
function valuesOf(answer: unknown): number[] {
  if (typeof answer === "number") return [answer];
  if (typeof answer !== "object" || answer === null) return [];
  return Object.entries(answer).flatMap(([name, value]) => (name.startsWith("key") ? [] : valuesOf(value)));
}
