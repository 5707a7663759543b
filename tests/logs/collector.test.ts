/** What becomes of a line, by the configuration in efk/: nothing here knows it but from there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Collector } from "./collector.ts";
import { fluentdConfig, fluentdEnv } from "./efk.ts";

const path = "/var/log/pods/croupier_dice-0_4f6b-11/game/1.log";
const kubernetes = {
  "kubernetes.namespace_name": "croupier",
  "kubernetes.pod_name": "dice-0",
  "kubernetes.pod_id": "4f6b-11",
  "kubernetes.container_name": "game",
  "kubernetes.restarts": 1,
  "kubernetes.host": "node-1",
};
const ours = {
  "log.level": "info",
  "@timestamp": "2026-11-21T23:59:59.999Z",
  "ecs.version": "8.10.0",
  "service.name": "game_server",
  "event.dataset": "game_server",
  "event.action": "settle",
  "user.id": [7, 8],
  "game.points": { 7: 6, 8: 1 },
  message: "settle",
};
const time = "2026-11-22T00:00:00.000000001Z";

function collect(...lines: string[]) {
  const collector = new Collector(fluentdConfig(), fluentdEnv);
  collector.take(path, lines);
  return collector;
}

function only(...lines: string[]) {
  const { documents } = collect(...lines);
  assert.equal(documents.length, 1);
  return documents[0] ?? assert.fail();
}

test("[logs] a line of ours: its own fields and time, the index of its own day, and where it was said", () => {
  const { index, source } = only(`${time} stdout F ${JSON.stringify(ours)}`);
  assert.equal(index, "fluentd-2026.11.21");
  assert.deepEqual(source, { ...ours, stream: "stdout", "event.created": time, ...kubernetes });
});

for (const [what, text] of [
  ["a stack trace", "    at listen (node:net:1:2)"],
  ["JSON of others, whose fields may have our names", '{"epoch":"the first","service.name":"redis","ecs.version":"1"}'],
  ["a line of ours that was cut off", JSON.stringify(ours).slice(0, -20)],
  ["one that only looks like ours", `${JSON.stringify(ours).slice(0, -1)},}`],
  ["text that quotes our fields", `{"say":"\\"ecs.version\\":\\"1\\",\\"service.name\\":\\"gate\\""}`],
] as const) {
  test(`[logs] ${what} stays text, of the time that the kubelet's file says`, () => {
    const { index, source } = only(`${time} stderr F ${text}`);
    assert.equal(index, "fluentd-2026.11.22");
    const rest = { "@timestamp": time, "event.created": time, "event.dataset": "game", "log.level": "unknown", stream: "stderr" };
    assert.deepEqual(source, { message: text, ...rest, ...kubernetes });
  });
}

test("[logs] parts are joined, of each stream on its own, and an empty line is nobody's", () => {
  const text = JSON.stringify(ours);
  const { documents } = collect(
    `${time} stdout P ${text.slice(0, 10)}`,
    `${time} stderr F an error`,
    `${time} stdout P ${text.slice(10, 40)}`,
    `${time} stderr F `,
    `${time} stdout F ${text.slice(40)}`,
  );
  assert.deepEqual(
    documents.map(({ source }) => source["message"]),
    ["an error", "settle"],
  );
});

test("[logs] the part whose writer was killed is not lost", () => {
  const collector = collect(`${time} stdout P half a l`);
  assert.deepEqual(collector.documents, []);
  collector.flush();
  assert.deepEqual(
    collector.documents.map(({ source }) => source["message"]),
    ["half a l"],
  );
});

test("[P7] a line without an end becomes several documents", () => {
  const part = "x".repeat(16_384);
  const { documents } = collect(...Array.from({ length: 100 }, () => `${time} stdout P ${part}`), `${time} stdout F y`);
  const texts = documents.map(({ source }) => String(source["message"]));
  assert.equal(texts.join(""), `${part.repeat(100)}y`);
  for (const text of texts) assert.ok(text.length <= 1_048_576);
});

test("[logs] a line read twice is one document; the same text at another time, or of another file, is another", () => {
  const line = (at: string) => `${at} stdout F ${JSON.stringify(ours)}`;
  const [first, again, later] = collect(line(time), line(time), line("2026-11-22T00:00:00.000000002Z")).documents;
  assert.equal(first?.id, again?.id);
  assert.notEqual(first?.id, later?.id);
  const other = new Collector(fluentdConfig(), fluentdEnv);
  other.take(path.replace("dice-0", "dice-1"), [line(time)]);
  assert.notEqual(first?.id, other.documents[0]?.id);
});

/** The documents of files that are read one after the other, each by the name that it has then. */
function collectFrom(...files: readonly (readonly [path: string, ...lines: string[]])[]) {
  const collector = new Collector(fluentdConfig(), fluentdEnv);
  for (const [name, ...lines] of files) collector.take(name, lines);
  return collector.documents;
}

const rotated = `${path}.20261122-000000`;

test("[logs] every container's file is read, but Fluentd's own", () => {
  const collector = new Collector(fluentdConfig(), fluentdEnv);
  const own = "/var/log/pods/kube-system_fluentd-x7k_1-2/fluentd/0.log";
  assert.deepEqual(collector.finds([own, path, `${own}.20261122-000000`]), [path]);
});

test("[logs] a rotated file is read, too, before what came after it; one that the kubelet compresses is not", () => {
  const collector = new Collector(fluentdConfig(), fluentdEnv);
  const older = `${path}.20261121-235959`;
  assert.deepEqual(collector.finds([path, rotated, older, `${rotated}.gz`, `${rotated}.tmp`]), [older, rotated, path]);
});

test("[logs] a line in a rotated file that was never read says where it comes from, as any other", () => {
  const line = `${time} stdout F ${JSON.stringify(ours)}`;
  const [document] = collectFrom([rotated, line]);
  assert.deepEqual(document, only(line));
});

test("[logs] a line read again after the file was renamed is one document, also one in parts", () => {
  const text = JSON.stringify(ours);
  for (const lines of [[`${time} stderr F ${text}`], [`${time} stdout P ${text.slice(0, 20)}`, `${time} stdout F ${text.slice(20)}`]]) {
    const [first, again, ...others] = collectFrom([path, ...lines], [rotated, ...lines]);
    assert.deepEqual([first?.id, others.length], [again?.id, 0]);
  }
});

test("[logs] parts are joined across a rotation, also when both files are read after it", () => {
  const text = JSON.stringify(ours);
  const documents = collectFrom([rotated, `${time} stdout P ${text.slice(0, 20)}`], [path, `${time} stdout F ${text.slice(20)}`]);
  assert.deepEqual(
    documents.map(({ source }) => source["message"]),
    ["settle"],
  );
});
