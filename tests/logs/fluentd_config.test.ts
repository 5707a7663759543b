/** The reader of Fluentd's configuration, on small ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readFluentdConfig } from "./fluentd_config.ts";

test("[logs] sections, their arguments and parameters, in order; comments and empty lines are left out", () => {
  const [source, label] = readFluentdConfig(`
    # what comes in
    <source>
      @type tail
      expression /^(?<a>[^ ]+) # (?<b>.*)$/
      <parse>
        @type regexp
      </parse>
    </source>

    <label @LINES>
      <filter pods.** text>
        separator ""
      </filter>
    </label>`);
  assert.deepEqual(Object.fromEntries(source?.parameters ?? []), { "@type": "tail", expression: "/^(?<a>[^ ]+) # (?<b>.*)$/" });
  assert.equal(source?.sections[0]?.parameters.get("@type"), "regexp");
  assert.deepEqual([label?.name, label?.argument], ["label", "@LINES"]);
  const [filter] = label?.sections ?? [];
  assert.deepEqual([filter?.argument, filter?.parameters.get("separator")], ["pods.** text", ""]);
});

test("[logs] in double quotes the environment is read", () => {
  const text = `<match a>\n password "#{ENV['WORD']}"\n</match>`;
  assert.equal(readFluentdConfig(text, { WORD: "secret" })[0]?.parameters.get("password"), "secret");
  assert.throws(() => readFluentdConfig(text), /WORD is not in the environment/);
});

for (const [what, text, why] of [
  ["a section without its end", "<source>\n@type tail", /<source> has no end/],
  ["another section's end", "<source>\n</match>", /ends <source>/],
  ["a parameter outside", "log_level info", /outside/],
  ["a parameter twice", "<source>\n@type tail\n@type tail\n</source>", /second time/],
  ["a parameter without a value", "<source>\n@type\n</source>", /no parameter/],
  ["Ruby that is more than the environment", `<match a>\nb "#{1 + 1}"\n</match>`, /no way to evaluate/],
] as const) {
  test(`[logs] refused: ${what}`, () => assert.throws(() => readFluentdConfig(text), why));
}
