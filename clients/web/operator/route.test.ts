/** What the address of the operator's page means. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hrefOf, type Route, routeOf } from "./route.ts";

test("[web][admin] what is read is what was written", () => {
  const routes: readonly Route[] = [{ at: "fleet" }, { at: "sessions" }, { at: "room", which: "dice/1" }, { at: "room", which: "8f%2e#ü" }];
  for (const route of routes) assert.deepEqual(routeOf(hrefOf(route)), route);
});

test("[web][admin] what is no room leads to the fleet, and to no other answer of a process", () => {
  for (const which of ["", "..", "../process", "dice/..", "./1", "dice/", "/1", "dice/1/move", "%"])
    assert.deepEqual(routeOf(`#/room/${which}`), { at: "fleet" }, which);
});
