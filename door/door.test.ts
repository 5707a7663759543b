/** The door's small parts: quota, addresses, heartbeat. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { BlockList } from "node:net";
import { test } from "node:test";
import { ManualClock } from "#tests/support/manual_clock.ts";
import { clientAddress } from "./address.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Quota } from "./quota.ts";

test("[P7] a quota counts per key and forgets a key that holds nothing", () => {
  const quota = new Quota<string>(2);
  assert.deepEqual([quota.take("a"), quota.take("a"), quota.take("a"), quota.take("b")], [true, true, false, true]);
  quota.give("a");
  assert.ok(quota.take("a"));
  const unlimited = new Quota<string>(0);
  assert.ok(Array.from({ length: 100 }, () => unlimited.take("a")).every(Boolean));
});

const trusted = new BlockList();
trusted.addSubnet("10.0.0.0", 8, "ipv4");

function addressOf(remoteAddress: string, forwarded?: string) {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return clientAddress({ headers, socket: { remoteAddress } } as unknown as IncomingMessage, trusted);
}

test("[PROTOCOL §6] X-Forwarded-For counts only when a trusted proxy wrote it, read from the right", () => {
  assert.equal(addressOf("203.0.113.9", "1.2.3.4").address, "203.0.113.9");
  assert.equal(addressOf("10.0.0.1", "1.2.3.4").address, "1.2.3.4");
  assert.equal(addressOf("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.7").address, "1.2.3.4");
  assert.equal(addressOf("::ffff:10.0.0.1", "2001:db8::1").address, "2001:db8::1");
  assert.equal(addressOf("10.0.0.1", "garbage").address, "10.0.0.1");
  assert.equal(addressOf("10.0.0.1", "1.2.3.4, garbage").address, "10.0.0.1");
});

test("[PROTOCOL §6] loopback and trusted proxies themselves are not counted", () => {
  assert.deepEqual(
    [addressOf("127.0.0.1"), addressOf("::1"), addressOf("10.0.0.1"), addressOf("::ffff:127.0.0.1")].map(({ exempt }) => exempt),
    [true, true, true, true],
  );
  assert.deepEqual(
    [addressOf("203.0.113.9"), addressOf("10.0.0.1", "1.2.3.4")].map(({ exempt }) => exempt),
    [false, false],
  );
});

test("[F12] every session beats three times per pong timeout, on one timer", () => {
  const clock = new ManualClock();
  const heartbeat = new Heartbeat(60_000, clock);
  const beats: number[] = [];
  const leave = heartbeat.add({ beat: () => beats.push(clock.now()) });
  clock.advanceAtOnce(7_777);
  heartbeat.add({ beat: () => {} });
  assert.equal(clock.pending, 1);
  clock.advanceAtOnce(120_000 - 7_777);
  assert.deepEqual(beats, [20_000, 40_000, 60_000, 80_000, 100_000, 120_000]);
  leave();
  clock.advanceAtOnce(60_000);
  assert.equal(beats.length, 6);
  heartbeat.stop();
  assert.equal(clock.pending, 0);
});

test("[P7] after a tick that came late nobody is judged for a round", () => {
  const clock = new ManualClock();
  const heartbeat = new Heartbeat(60_000, clock);
  const judged: boolean[] = [];
  heartbeat.add({ beat: (mayJudge) => judged.push(mayJudge) });
  clock.advanceAtOnce(20_000);
  clock.freeze(90_000);
  clock.advanceAtOnce(40_000);
  assert.deepEqual(judged, [true, false, true]);
  heartbeat.stop();
});

test("[README] PONG_TIMEOUT=0 judges nobody, and tokens still expire within 20 s", () => {
  const clock = new ManualClock();
  const heartbeat = new Heartbeat(0, clock);
  let beats = 0;
  heartbeat.add({
    beat: () => {
      beats += 1;
    },
  });
  clock.advanceAtOnce(60_000);
  assert.equal(beats, 3);
  heartbeat.stop();
});
