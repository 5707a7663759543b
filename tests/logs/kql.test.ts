/** KQL as queries of Elasticsearch: what binds how, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { translate } from "./kql.ts";
import { Mapping } from "./mapping.ts";

const mapping = new Mapping({
  user: { properties: { id: { type: "keyword" } } },
  event: { properties: { action: { type: "keyword" }, duration: { type: "long" } } },
  message: { type: "text" },
  game: { properties: { points: { type: "flattened" } } },
});
const seven = { match: { "user.id": "7" } };
const sit = { match: { "event.action": "sit" } };

for (const [kql, query] of [
  ["", { match_all: {} }],
  ["user.id : 7", seven],
  ["user.id:7", seven],
  ['event.action : "come back"', { match_phrase: { "event.action": "come back" } }],
  ["user.id : 7 and event.action : sit", { bool: { filter: [seven, sit] } }],
  ["user.id : 7 or event.action : sit", { bool: { should: [seven, sit], minimum_should_match: 1 } }],
  [
    "user.id : 7 or user.id : 7 and event.action : sit",
    { bool: { should: [seven, { bool: { filter: [seven, sit] } }], minimum_should_match: 1 } },
  ],
  ["not user.id : 7 and event.action : sit", { bool: { filter: [{ bool: { must_not: [seven] } }, sit] } }],
  ["not (user.id : 7)", { bool: { must_not: [seven] } }],
  [
    'event.action : (sit or "come back")',
    { bool: { should: [sit, { match_phrase: { "event.action": "come back" } }], minimum_should_match: 1 } },
  ],
  ["event.action : *", { exists: { field: "event.action" } }],
  ["event.action : room*", { wildcard: { "event.action": { value: "room*" } } }],
  ["event.duration >= 1000", { range: { "event.duration": { gte: "1000" } } }],
  ["event.duration<5", { range: { "event.duration": { lt: "5" } } }],
  ["game.points.7 : 6", { match: { "game.points.7": "6" } }],
  ["SyntaxError", { multi_match: { query: "SyntaxError", type: "best_fields", lenient: true } }],
] as const) {
  test(`[logs] KQL: ${kql}`, () => assert.deepEqual(translate(kql, mapping), query));
}

for (const [kql, why] of [
  ["user.name : 7", /no field user\.name/],
  ["user.id : ", /ends too early/],
  ["(user.id : 7", /\) is missing/],
  ["user.id : 7 user.id : 8", /not understood/],
  ["message : a*", /no wildcards/],
  ["user : { id : 7 }", /not understood/],
] as const) {
  test(`[logs] KQL refused: ${kql}`, () => assert.throws(() => translate(kql, mapping), why));
}
