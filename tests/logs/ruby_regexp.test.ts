/** The regular expressions of Fluentd's configuration mean the same to Ruby, which Fluentd runs on, and to the tests. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { has } from "#tests/support/skip.ts";
import { fluentdConfig, fluentdEnv } from "./efk.ts";
import { readFluentdConfig, type Section } from "./fluentd_config.ts";
import { jsRegexp } from "./ruby_regexp.ts";

const ours = '{"log.level":"info","ecs.version":"8.10.0","service.name":"gate","message":"a\u2028b"}';
const texts = [
  `2026-11-22T00:00:00.000000001Z stdout F ${ours}`,
  "2026-11-22T00:00:00.000000001+01:00 stderr P half a line",
  "2026-11-22T00:00:00.000000001Z stdout F:more a tag of a later runtime",
  "2026-11-22T00:00:00.000000001Z stdout F ",
  "2026-11-22T00:00:00.000000001Z stdout F with\ra return and \u2028 another end",
  "2026-11-22T00:00:00.000000001Z stdin F no stream",
  "no line of a runtime's",
  "/var/log/pods/croupier_dice-0_4f6b-11/game/12.log",
  "/var/log/pods/kube-system_coredns.x-1_0123abcd/coredns/0.log",
  "/var/log/pods/croupier_dice-0_4f6b-11/game/0.log.20261122-000000",
  "/var/log/pods/croupier_dice-0_4f6b-11/game/0.log.20261122-000000.gz",
  ours,
  ours.replace("gate", "redis"),
  ours.replace("ecs.version", "version"),
  `${ours}x`,
  '{"say":"\\"ecs.version\\":\\"1\\",\\"service.name\\":\\"gate\\""}',
  "",
  " ",
];

/** One answer per expression and text: its named groups, an empty object where there are none, null where it does not match. */
const script = `
require "json"
given = JSON.parse($stdin.read)
puts JSON.generate(given["expressions"].map { |source|
  expression = Regexp.new(source)
  given["texts"].map { |text| (found = expression.match(text)) && found.named_captures }
})`;

function expressions(sections: readonly Section[]): string[] {
  return sections.flatMap(({ parameters, sections: inner }) => [
    ...[...parameters].filter(([name]) => name === "expression" || name === "pattern").map(([, value]) => value),
    ...expressions(inner),
  ]);
}

test("[logs] every regular expression of the configuration finds the same in Ruby", (t) => {
  if (!has(t, "ruby")) return;
  const all = expressions(readFluentdConfig(fluentdConfig(), fluentdEnv));
  assert.equal(all.length, 5);
  const input = JSON.stringify({ expressions: all.map((text) => text.slice(1, -1)), texts });
  const found = JSON.parse(execFileSync("ruby", ["--encoding", "utf-8", "-e", script], { input, encoding: "utf8" })) as unknown[][];
  for (const [at, expression] of all.entries()) {
    const mine = texts.map((text) => {
      const match = jsRegexp(expression).exec(text);
      return match === null ? null : { ...match.groups };
    });
    assert.deepEqual(mine, found[at], expression);
    assert.ok(mine.some((match) => match !== null));
  }
});

for (const expression of ["/^a\\z/", "/(?m:a.b)/", "/[[:alpha:]]/", "/a++/", "a", "/a/i"]) {
  test(`[logs] refused, because it is not the same: ${expression}`, () => assert.throws(() => jsRegexp(expression)));
}
