/** Strangers at the link port: whoever has not proved that he knows the link key. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { WebSocket } from "ws";
import { Scrape } from "#tests/faults/measure.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { said } from "./support/said.ts";
import { until } from "./support/until.ts";

/** More than a greeting, and less than a batch between those who know each other. */
const largeBytes = 1024 * 1024;
const strangers = 100;

test("[P7][PROTOCOL §7] a stranger at the link port says no more than a greeting, in one message or in pieces", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  for (const isInPieces of [false, true]) {
    const stranger = new WebSocket(`ws://127.0.0.1:${server.port}/link`);
    await once(stranger, "message"); // the challenge
    stranger.on("error", () => {});
    const closed = once(stranger, "close");
    if (isInPieces) for (let sent = 0; sent < largeBytes; sent += 1024) stranger.send(new Uint8Array(1024), { fin: false });
    else stranger.send(new Uint8Array(largeBytes), { fin: false });
    await closed;
  }
  await until(() => hasRefused(server, 2));
  const reasons = said(server.lines, "link refusal").map((line) => line["event.reason"]);
  assert.deepEqual(reasons, ["closed with 1006", "closed with 1006"], "cut, before anybody waits for a greeting in vain");
});

test("[P7] many strangers at once leave a bounded number of lines, and a gate comes in after them", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const all = Array.from({ length: strangers }, () => new WebSocket(`ws://127.0.0.1:${server.port}/link`));
  await Promise.all(
    all.map((stranger) => {
      stranger.on("error", () => {});
      return once(stranger, "close");
    }),
  );
  await until(() => hasRefused(server, strangers));
  const lines = said(server.lines, "link refusal").length;
  assert.ok(lines >= 1 && lines < strangers / 2, `${lines} lines`);
  await linksAndSeats(t, server);
});

test("[PROTOCOL §7][P7] strangers who dial without end and say nothing keep no gate out", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const silent = new Set<WebSocket>();
  const again: NodeJS.Timeout[] = [];
  let dialled = 0;
  const dial = (): void => {
    const stranger = new WebSocket(`ws://127.0.0.1:${server.port}/link`);
    silent.add(stranger);
    dialled += 1;
    stranger.on("error", () => {});
    stranger.once("close", () => {
      silent.delete(stranger);
      again.push(setTimeout(dial, 20));
    });
  };
  for (let at = 0; at < 40; at++) dial();
  t.after(() => {
    for (const stranger of silent) stranger.removeAllListeners("close").terminate();
    for (const timer of again) clearTimeout(timer);
  });
  await until(() => dialled > 60);
  await linksAndSeats(t, server);
});

async function linksAndSeats(t: TestContext, server: Server): Promise<void> {
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}` });
  const player = await Player.seated(gate.port, 1);
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
}

async function hasRefused(server: Server, links: number): Promise<boolean> {
  return (await Scrape.of(server)).value("croupier_link_refusals_total") === links;
}
