/** The door's small parts: quota, addresses, heartbeat. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { test } from "node:test";
import { ManualClock } from "#runtime/clock_manual.ts";
import { clientAddress, networkOf } from "./address.ts";
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
trusted.addSubnet("2001:db8:aaaa::", 48, "ipv6");

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

const forwarded: [header: string, address: string][] = [
  ["203.0.113.7:4711", "203.0.113.7"],
  ["[2001:DB8:0:0::7]:4711", "2001:db8::7"],
  ["[2001:db8::7]", "2001:db8::7"],
  ["::FFFF:203.0.113.7", "203.0.113.7"],
  ["0:0:0:0:0:ffff:cb00:7107", "203.0.113.7"],
  ["203.0.113.7, ::ffff:10.0.0.9, [2001:db8:aaaa::1]:80", "203.0.113.7"],
  ["6.6.6.6, 203.0.113.7,, ,\t", "203.0.113.7"],
  [`${"10.0.0.9, ".repeat(20)}`, "10.0.0.1"],
  [`203.0.113.7${", 10.0.0.9".repeat(31)}`, "203.0.113.7"],
  [`203.0.113.7${", 10.0.0.9".repeat(32)}`, "10.0.0.1"],
  ["6.6.6.6, 203.0.113.7:", "10.0.0.1"],
  ["6.6.6.6, 203.0.113.7:99999999", "10.0.0.1"],
  ["6.6.6.6, [203.0.113.7", "10.0.0.1"],
  ["6.6.6.6, 0203.0.113.7", "10.0.0.1"],
  ["6.6.6.6, 2001:db8::7:4711:1:2:3:4:5", "10.0.0.1"],
  ["6.6.6.6, unknown", "10.0.0.1"],
];

for (const [header, address] of forwarded) {
  test(`[PROTOCOL §6] X-Forwarded-For: ${header.length > 60 ? `${header.slice(0, 60)}… (${header.length})` : JSON.stringify(header)} is ${address}`, () => {
    assert.equal(addressOf("10.0.0.1", header).address, address);
  });
}

test("[P10] whatever Node takes for an address is one to us, or none: nothing of it throws", () => {
  const long = "1111:2222:3333:4444:5555:6666:123.123.123.123%a";
  assert.equal(isIP(long), 6);
  for (const hop of [long, `[${long}]:1`, "fe80::1%", "::1%%", `::%${"z".repeat(5000)}`])
    assert.equal(typeof addressOf("10.0.0.1", `${hop}, 203.0.113.9`).address, "string", hop);
});

test("[PROTOCOL §6] a trusted proxy that names itself, or nobody, is not counted; loopback that it names is", () => {
  assert.deepEqual(addressOf("10.0.0.1", "10.0.0.2, 10.0.0.3"), { address: "10.0.0.1", exempt: true });
  assert.deepEqual(addressOf("10.0.0.1", "garbage"), { address: "10.0.0.1", exempt: true });
  assert.deepEqual(addressOf("10.0.0.1", "127.0.0.1"), { address: "127.0.0.1", exempt: false });
  assert.deepEqual(addressOf("10.0.0.1", "::1"), { address: "::1", exempt: false });
});

test("[PROTOCOL §6] of IPv6 a /64 is counted as one, but where an IPv4 address is in it", () => {
  const pairs: [string, string][] = [
    ["203.0.113.7", "203.0.113.7"],
    ["2001:db8::7", "2001:db8:0:0::/64"],
    ["2001:db8::1:2:3:4", "2001:db8:0:0::/64"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["::1", "0:0:0:0::/64"],
    ["64:ff9b::cb00:7107", "64:ff9b::cb00:7107"],
    ["", ""],
  ];
  assert.deepEqual(
    pairs.map(([address]) => [address, networkOf(address)]),
    pairs,
  );
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
