/** The same on pods: the files are the kubelet's own (play_on_pods.ts has kept them), the rest is as on processes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Collector } from "./collector.ts";
import { evening } from "./diary.ts";
import { fluentdConfig, fluentdEnv } from "./efk.ts";
import { Elastic, templateMapping } from "./elastic.ts";
import { assertIndexed } from "./indexed.ts";
import { translate } from "./kql.ts";
import { collectFiles } from "./kubelet_files.ts";

const folder = process.env["POD_LOGS"];
const url = process.env["ELASTIC_URL"] ?? "http://127.0.0.1:9200";

interface Told {
  readonly seven: readonly string[];
  readonly eight: readonly string[];
  readonly life: string;
}

async function indexed(t: TestContext, kept: string) {
  const collector = new Collector(fluentdConfig(), fluentdEnv);
  collectFiles(collector, kept);
  assert.deepEqual(collector.unmatched, []);
  const elastic = await Elastic.open(url);
  assert.deepEqual(await elastic.index(collector.documents), []);
  t.diagnostic(`${collector.documents.length} lines`);
  return { elastic, documents: collector.documents };
}

test("[logs] on pods: two evenings and a room's life across a rollout and a kill, from the kubelet's own files", {
  skip: folder === undefined ? "the test cluster is not up" : false,
}, async (t) => {
  const kept = folder ?? "";
  const told = JSON.parse(readFileSync(join(kept, "told.json"), "utf8")) as Told;
  const { elastic, documents } = await indexed(t, kept);
  const ask = async (kql: string) => {
    const hits = await elastic.search(translate(kql, templateMapping));
    t.diagnostic(`${String(hits.length).padStart(5)} hits  ${kql}`);
    return hits;
  };
  assert.deepEqual(evening(await ask("user.id : 7"), 7), told.seven);
  assert.deepEqual(evening(await ask("user.id : 8"), 8), told.eight);

  const road = await ask(
    'game.name : dice and room.id : 1 and event.action : ("room open" or "room arrive" or "room restore" or "move end")',
  );
  const places = road.map(
    ({ _source: line }) =>
      `${line["kubernetes.pod_name"]} ${line["kubernetes.restarts"]} ${line["service.version"]} ${line["event.action"]}`,
  );
  t.diagnostic(places.join(" → "));
  assert.deepEqual([...new Set(road.map(({ _source }) => _source["room.life"]))], [told.life]);
  assert.match(places[0] ?? "", /^dice-\d 0 v1\.2 room open$/);
  assert.match(places.at(-1) ?? "", /^dice-\d 1 v1\.3 room restore$/);
  assert.ok(places.some((place) => place.endsWith("v1.3 room arrive")));

  const text = await ask("kubernetes.container_name : redis");
  assert.ok(text.length > 0);
  for (const { _source } of text) assert.equal(_source["log.level"], "unknown");
  await assertIndexed(elastic, documents);
});
