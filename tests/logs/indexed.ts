/** Whether everything has arrived as it was said: each line once, each field with the type that the template gives it. */
import assert from "node:assert/strict";
import type { Document } from "./collector.ts";
import { type Elastic, templateMapping } from "./elastic.ts";

export async function assertIndexed(elastic: Elastic, documents: readonly Document[]): Promise<void> {
  const ids = new Set(documents.map(({ id, index }) => `${index} ${id}`));
  assert.equal(ids.size, documents.length, "two lines with one id");
  assert.equal(await elastic.count({ match_all: {} }), documents.length);
  for (const [index, mapping] of await elastic.mappings())
    assert.deepEqual(
      [...mapping.fields].toSorted(),
      [...templateMapping.fields].toSorted(),
      `${index} has the template's fields, and no other`,
    );
  assert.deepEqual(await elastic.search({ exists: { field: "_ignored" } }), [], "a field of a line was left out");
  const said = new Set(documents.flatMap(({ source }) => Object.keys(source)));
  for (const field of said) assert.doesNotThrow(() => templateMapping.typeOf(field), `${field} is not in the template`);
  assert.deepEqual(await elastic.index(documents), [], "a chunk that is sent again");
  assert.equal(await elastic.count({ match_all: {} }), documents.length, "doubles no line");
}
