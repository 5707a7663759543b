/** What hostile clients can do to the log: fill it no faster than they are paid attention to, and write nothing into it but text. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusalLines } from "#door/refusal_lines.ts";
import { Refused } from "#protocol/refusals.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { errorsOnly } from "#runtime/log.ts";
import { LogLimit } from "#runtime/log_limit.ts";
import { openHouse } from "./support/house.ts";
import { LogLines } from "./support/log_lines.ts";
import { Player } from "./support/player.ts";
import { Server, start } from "./support/process.ts";
import { RawConnection, upgradeHeaders } from "./support/raw.ts";
import { read, said, says } from "./support/said.ts";
import { until } from "./support/until.ts";

const perProcess = { burst: 100, perSecond: 10 };

test("[logs][P7] a limit: a burst, then a pace, for each and for all; what was left out is said by whoever speaks next, once", () => {
  const limit = new LogLimit({ each: { burst: 2, perSecond: 1 }, all: perProcess });
  const take = (key: string, atMs: number) => limit.take(key, atMs);
  assert.deepEqual([take("a", 0), take("a", 0), take("a", 0), take("a", 0), take("b", 0)], [{}, {}, undefined, undefined, {}]);
  assert.deepEqual([take("a", 1000), take("a", 1000), take("a", 2000)], [{ "log.dropped": 2 }, undefined, { "log.dropped": 1 }]);
  take("a", 2000);
  assert.deepEqual([limit.end("a"), limit.end("a"), limit.end("c")], [{ "log.dropped": 1 }, {}, {}]);
  let many = 0;
  for (let at = 0; at < 100_000; at++) if (take(`hostile ${at}`, 3000) !== undefined) many += 1;
  assert.ok(many <= perProcess.burst, `${many}`);
});

test("[logs][P7] one session's refusals are a burst of lines, and its close counts the others", async (t) => {
  const server = await Server.start(t, "single.ts", { MESSAGES_PER_SECOND: "0" });
  const player = await Player.seated(server.port, 1);
  await player.hear(2);
  player.shake(6);
  await player.hear();
  const idle = await Player.connect(server.port, 2);
  for (let at = 0; at < 500; at++) {
    player.shake(6);
    idle.shake(1);
  }
  await player.hear(500);
  await idle.hear(500);
  await idle.close();
  const close = read(await server.logged("session close"));
  const refusals = said(server.lines, "refusal");
  for (const user of [1, 2]) {
    const lines = refusals.filter((line) => line["user.id"] === user).length;
    assert.ok(lines >= 20 && lines <= 40, `${lines} lines of user ${user}`);
  }
  const counted = refusals.filter((line) => line["user.id"] === 2).reduce((sum, line) => sum + 1 + (line["log.dropped"] ?? 0), 0);
  assert.equal(counted + (close["log.dropped"] ?? 0), 500);
  const { body } = await server.admin("/metrics");
  assert.match(body, /^croupier_door_log_lines_dropped_total\{.*\} 4\d\d$/m);
  assert.match(body, /^croupier_room_log_lines_dropped_total\{.*\} 4\d\d$/m);
});

test("[logs][P7] who knocks again and again, or comes and goes, is not given a line each time", async (t) => {
  const server = await Server.start(t, "single.ts");
  for (let at = 0; at < 200; at++) await RawConnection.ask(server.port, "GET /", { ...upgradeHeaders, Authorization: "Bearer none" });
  for (let at = 0; at < 150; at++) await (await Player.connect(server.port, 1)).close();
  await Player.connect(server.port, 2);
  await until(() => said(server.lines, "session open").some((line) => line["user.id"] === 2));
  const knocks = said(server.lines, "upgrade refusal");
  assert.ok(knocks.length >= 20 && knocks.length < 60, `${knocks.length}`);
  assert.ok(knocks.every((line) => line["client.address"] === "127.0.0.1" && line["error.code"] === 401));
  const [opens, closes] = [said(server.lines, "session open"), said(server.lines, "session close")].map(
    (lines) => lines.filter((line) => line["user.id"] === 1).length,
  ) as [number, number];
  assert.ok(opens >= 60 && opens < 120, `${opens}`);
  assert.equal(closes, opens, "each session is told whole, or not at all");
});

test("[logs] every session of thousands who come back at once has its line", async (t) => {
  const log = new LogLines();
  const { port } = await openHouse(t, { log });
  const players = await Promise.all(Array.from({ length: 500 }, (_, at) => Player.connect(port, at + 1)));
  assert.equal(log.of("session open").length, players.length);
});

/** Text that tries to end a line, to begin another one, to fill the disk, or to be no text. */
const hostileTexts = {
  "line ends": 'x"}\n{"log.level":"fatal","event.action":"stop"}\r\n\u2028\u2029\u0085',
  controls: "\u0000\u0001\u001b[2J\u007f\u009b31m\u202e",
  "a megabyte": "m",
  "lone surrogates": `\ud800 \udc00 ${"\u{1f0a1}".repeat(300)}`,
};

for (const [what, text] of Object.entries(hostileTexts)) {
  const times = what === "a megabyte" ? 1024 * 1024 : 1;
  test(`[logs] ${what} from a client stay within one JSON line, which is cut`, async (t) => {
    const server = await Server.start(t, "tests/support/hostile_process.ts", {
      LOG_LEVEL: "debug",
      HOSTILE: Buffer.from(text, "utf16le").toString("base64"),
      TIMES: String(times),
    });
    server.signal("SIGTERM");
    await server.exited;
    const lines = server.lines.filter(says("peer up", "failure", "handler slow"));
    assert.equal(lines.length, 6, "each is a line");
    for (const line of lines) {
      assert.ok(line.length < 8 * 1024, `${line.length} characters`);
      assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029]/u);
      assert.equal(line.includes("m…"), times > 1, "cut, and only then");
      assert.ok(JSON.stringify(JSON.parse(line)).isWellFormed());
      const strings = Object.values(read(line)).filter((value) => typeof value === "string");
      assert.ok(strings.every((value) => value.isWellFormed()));
    }
    assert.equal(said(server.lines, "stop").length, 1, "and none is the process's own");
  });
}

test("[logs][P7] who sits down and stands up again and again is not given a line each time", async (t) => {
  const server = await Server.start(t, "single.ts", { MESSAGES_PER_SECOND: "0" });
  const player = await Player.connect(server.port, 1);
  for (let at = 0; at < 200; at++) {
    player.sit({ room_id: "1" });
    await player.hearUntil("Scene");
    player.stand();
  }
  await player.close();
  await server.logged("session close");
  const lines = [...said(server.lines, "sit"), ...said(server.lines, "stand")];
  assert.ok(lines.length >= 60 && lines.length <= 100, `${lines.length} lines of 400`);
  const { body } = await server.admin("/metrics");
  assert.match(body, /^croupier_room_log_lines_dropped_total\{.*\} 3\d\d$/m);
});

test("[logs][P7] refusals of whom nobody logs are counted, take nobody's share, and hide no failure", () => {
  let dropped = 0;
  const log = new LogLines();
  const clock = new ManualClock();
  const nothing = { burst: 0, perSecond: 0 };
  const unsaid = new RefusalLines(clock, () => dropped++, { each: nothing, all: nothing });
  for (let at = 0; at < 5000; at++) unsaid.say(errorsOnly(log), at, new Refused("tryAgain"));
  assert.deepEqual([dropped, log.lines.length], [5000, 0]);
  unsaid.say(errorsOnly(log).with({ "user.id": 666 }), 1, new Refused("fail", { cause: new Error("ours") }));
  assert.deepEqual([log.of("refusal").length, log.of("refusal")[0]?.["user.id"]], [1, 666]);
});

test("[logs][P10] whatever is thrown can be logged", async (t) => {
  const things = [
    "Object.create(null)",
    "Object.assign(new Error('a'), { name: 7, message: { b: 1 }, stack: ['c'] })",
    "Object.assign(new Error('a'), { message: Object.create(null) })",
    "undefined",
    "Symbol('d')",
  ];
  const script = `
    import { openLog } from "./runtime/log.ts";
    const log = openLog({ service: "gate", version: "1", level: "info", node: "0000000000000001" });
    for (const err of [${things.join(", ")}]) log.error("failure", { err, "event.reason": "test" });`;
  const run = start(t, ["--input-type=module", "--eval", script]);
  assert.deepEqual(await run.exited, { code: 0, signal: null }, run.errors);
  assert.equal(said(run.lines, "failure").length, things.length);
});
