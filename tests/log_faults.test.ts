/** The check of log lines finds what is wrong with them. Every process of every test is looked at by it (support/process.ts). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsIn } from "./support/log_faults.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { read } from "./support/said.ts";

test("[logs] an event, a field, a type or a level that is in no list is found, and so is a line that does not say whom it is about", async (t) => {
  const server = await Server.start(t, "single.ts");
  await (await Player.seated(server.port, 1)).hear(2);
  const sit = read(await server.logged("sit"));
  const faultsWith = (change: object): string[] =>
    faultsIn([JSON.stringify({ ...sit, ...change })]).map((fault) => fault.slice(0, fault.indexOf(": {")));
  assert.deepEqual(faultsWith({}), []);
  assert.deepEqual(faultsWith({ "event.action": "dance" }), ["no event dance in the list"]);
  assert.deepEqual(faultsWith({ "event.action": "toString" }), ["no event toString in the list"]);
  assert.deepEqual(faultsWith({ colour: "red" }), ["colour is in no list, or of another type"]);
  assert.deepEqual(faultsWith({ seat: "0" }), ["seat is in no list, or of another type"]);
  assert.deepEqual(faultsWith({ epoch: 1.5 }), ["epoch is in no list, or of another type"]);
  assert.deepEqual(faultsWith({ "room.id": ["1"] }), ["room.id is in no list, or of another type"]);
  assert.deepEqual(faultsWith({ "user.id": [1, 2] }), []);
  assert.deepEqual(faultsWith({ "log.level": "error" }), ["sit is never error"]);
  assert.deepEqual(faultsWith({ "trace.id": undefined }), ["no trace.id"]);
  assert.deepEqual(faultsWith({ error: { message: "nested" } }), ["error is in no list, or of another type"]);
});
