/**
 * Bots that play whole games of dice, four to a room, and watch the server while they do:
 * every settlement must agree with the rolls they saw. Prints its progress and a summary, at the
 * end or at the first Ctrl-C; exits with 1 when anything was wrong.
 */
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ownToken } from "#door/own_token.ts";
import { readSettings, SettingError } from "#runtime/settings.ts";
import { DiceBot } from "./dice_bot.ts";
import { type Report, sum } from "./dice_report.ts";

const usage =
  "usage: bots [--users n] [--seconds s] [--ip host] [--port n] [--seats n] [--think ms] [--first-user n] [--first-room n] [--match] [--json]";

const flags = {
  users: { type: "string", default: "8" },
  seconds: { type: "string", default: "60" },
  ip: { type: "string", default: "127.0.0.1" },
  port: { type: "string", default: "60006" },
  seats: { type: "string", default: "4" },
  think: { type: "string", default: "1000" },
  "first-user": { type: "string", default: "1" },
  "first-room": { type: "string", default: "1" },
  match: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const progressEveryMs = 1000;
/** Bots come in over this time, as players would, not in one instant. */
const arrivalMs = 1000;

interface Plan {
  readonly users: number;
  readonly seconds: number;
  readonly url: string;
  readonly seats: number;
  readonly thinkMs: number;
  readonly firstUser: number;
  readonly firstRoom: number;
  readonly match: boolean;
  readonly json: boolean;
}

function readPlan(args: readonly string[]): Plan {
  const { values } = parseArgs({ args: [...args], options: flags, strict: true });
  const whole = (name: Exclude<keyof typeof flags, "match" | "json" | "ip">): number => {
    const text = values[name];
    if (!/^[0-9]{1,12}$/.test(text)) throw new TypeError(`--${name} is no whole number: ${text}`);
    return Number(text);
  };
  return {
    users: whole("users"),
    seconds: whole("seconds"),
    url: `ws://${values.ip}:${whole("port")}`,
    seats: whole("seats"),
    thinkMs: whole("think"),
    firstUser: whole("first-user"),
    firstRoom: whole("first-room"),
    match: values.match,
    json: values.json,
  };
}

async function play(plan: Plan, interrupted: AbortSignal): Promise<Report> {
  const settings = readSettings(process.env);
  await ownToken(plan.firstUser, settings);
  const bots: DiceBot[] = [];
  for (let i = 0; i < plan.users; i++) {
    const user = plan.firstUser + i;
    const room = plan.match ? undefined : String(plan.firstRoom + Math.floor(i / plan.seats));
    bots.push(new DiceBot({ url: plan.url, token: () => ownToken(user, settings), room, thinkMs: plan.thinkMs }));
    await wait(arrivalMs / plan.users);
  }
  await watch(bots, plan, interrupted);
  for (const bot of bots) bot.stop();
  await Promise.all(bots.map((bot) => bot.stopped));
  return sum(bots);
}

/** Shows the counts while the bots play. */
async function watch(bots: readonly DiceBot[], { seconds, json }: Plan, interrupted: AbortSignal): Promise<void> {
  const endMs = Date.now() + seconds * 1000;
  for (let leftMs = seconds * 1000; leftMs > 0 && !interrupted.aborted; leftMs = endMs - Date.now()) {
    if (!json) showProgress(sum(bots), leftMs);
    await wait(Math.min(progressEveryMs, leftMs), undefined, { signal: interrupted }).catch(() => {});
  }
  if (!json && process.stdout.isTTY) process.stdout.write("\r\x1b[K");
}

function showProgress({ seated, games, rolls, errors, reconnects }: Report, leftMs: number): void {
  const errorCount = Object.values(errors).reduce((all, count) => all + count, 0);
  const line = `${Math.ceil(leftMs / 1000)} s left: ${seated} seated, ${games} games, ${rolls} rolls, ${errorCount} errors, ${reconnects} reconnects`;
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}`);
  else if (Math.ceil(leftMs / 1000) % 10 === 0) process.stdout.write(`${line}\n`);
}

function show(report: Report, json: boolean): void {
  if (json) return void process.stdout.write(`${JSON.stringify(report)}\n`);
  const { users, games, rolls, settlements, rollMs, lateRolls, sitMs, errors, closes, reconnects, reconnectsMost, inconsistencies } =
    report;
  const counts = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([name, count]) => `${count} × ${name}`)
      .join(", ") || "0";
  process.stdout.write(
    [
      `bots             ${users}`,
      `games            ${games}`,
      `rolls            ${rolls}`,
      `settlements      ${settlements} heard, ${inconsistencies.length} inconsistent`,
      `roll latency     p50 ${rollMs.p50} ms, p99 ${rollMs.p99} ms, max ${rollMs.max} ms, ${lateRolls} took more than 1 s`,
      `sit latency      p50 ${sitMs.p50} ms, p99 ${sitMs.p99} ms, max ${sitMs.max} ms`,
      `errors           ${counts(errors)}`,
      `unexpected close ${counts(closes)}`,
      `reconnects       ${reconnects}, at most ${reconnectsMost} of one bot`,
      ...inconsistencies.slice(0, 10).map((text) => `  inconsistent: ${text}`),
      "",
    ].join("\n"),
  );
}

/** Aborted by the first Ctrl-C; the second one ends the process. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  return controller.signal;
}

try {
  const plan = readPlan(process.argv.slice(2));
  const report = await play(plan, interruption());
  show(report, plan.json);
  process.exit(report.isClean ? 0 : 1);
} catch (thrown) {
  if (!(thrown instanceof TypeError) && !(thrown instanceof SettingError)) throw thrown;
  process.stderr.write(`${thrown.message}\n${usage}\n`);
  process.exit(78);
}
