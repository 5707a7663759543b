/** A rollout's plan as lines for people. */
import type { Difference, Outcome, PlannedLot, RolloutPlan, Step, Undo } from "./rollout_plan.ts";
import { movesPerSecond, restartMs } from "./rollout_plan.ts";
import { type RoomsAndUsers, sumOf } from "./rooms_and_users.ts";
import { counted, seconds } from "./words.ts";

const orders: Readonly<Record<RolloutPlan["order"], string>> = {
  ordinals: "highest ordinal first",
  start: "in an order that nobody knows, here the oldest first",
};

export function linesOf(plan: RolloutPlan): string[] {
  const { release, deals, steps, unlinked, closed, differences } = plan;
  const games = deals.map(({ game, version }) => `${game} ${version}`).join(", ");
  return [
    `release ${release} writes ${games}: ${progressOf(plan)}`,
    ...closed.map((server) => `${server} has the release and takes no rooms`),
    ...unlinked.map((server) => `${server} is not linked: what it has is unknown`),
    ...differences.map((difference) => differenceOf(difference, release)),
    ...steps.flatMap((step, at) => stepLines(step, at + 1, plan)),
    ...(steps.length === 0 ? [] : sumLines(plan)),
    ...undoLines(plan),
  ];
}

function progressOf({ steps, done, unlinked, isUnderWay, order }: RolloutPlan): string {
  if (steps.length === 0 && done.length === 0) return "no game server is linked";
  if (steps.length === 0) return `on ${servers(done.length)}, and ${unlinked.length === 0 ? "nothing remains" : "no other one is linked"}`;
  const had = isUnderWay ? `under way, ${done.length} of ${servers(done.length + steps.length)} have it; ` : "";
  return `${had}${servers(steps.length)} to go with ${roomsAndUsers(sumOf(steps))}${steps.length > 1 ? `, ${orders[order]}` : ""}`;
}

function differenceOf({ game, writers, version }: Difference, release: string): string {
  const all = writers.map(
    (writer) => `${writer.servers.join(" and ")} ${writer.servers.length === 1 ? "writes" : "write"} ${writer.version}`,
  );
  return `state versions of ${game} differ: ${all.join(", ")}, ${release} ${version === undefined ? "does not deal it" : `writes ${version}`}`;
}

function stepLines(
  { server, address, release = "unknown", stage = "serving", drain = "move", outcomes, revived, rooms }: Step,
  at: number,
  plan: RolloutPlan,
): string[] {
  const sum = sumOf(outcomes);
  const where = server === address ? "" : `${address}, `;
  const byThen = sum.rooms === rooms ? "" : " by then";
  return [
    `${at}. ${server} (${where}release ${release}${stage === "serving" ? "" : `, ${stage}`}): ${roomsAndUsers(sum)}${byThen}`,
    ...outcomes.map((outcome) => `   ${lotOf(outcome)}: ${outcomeOf(outcome, drain, plan.release)}`),
    ...revived.map((lot) => `   ${lotOf(lot)} that wait in its journal: played on when it is back`),
  ];
}

function outcomeOf(outcome: Outcome, drain: string, release: string): string {
  const { becomes, to, toRelease = "unknown", isLate, version, toVersion, users } = outcome;
  const isUpgraded = version !== undefined && toVersion !== undefined && toVersion !== version;
  const upgraded = isUpgraded ? `, brought up to version ${toVersion}` : "";
  if (becomes === "moves") return `to ${to} (release ${toRelease})${upgraded}`;
  const late = `played on${drain === "wait" ? ", as its drain waits" : ", since no game server takes them"}, at the drain deadline `;
  if (becomes === "waits") return `${late}dissolved: ${counted(users, "user")}`;
  const parked = `${isLate ? late : ""}parked in its journal`;
  return to === undefined
    ? `${parked} to wait there: release ${release} does not read them`
    : `${parked}, played on when it is back${upgraded}`;
}

function sumLines({ moves, ms, steps, lost, waiting, after }: RolloutPlan): string[] {
  const restarts = `${counted(steps.length, "restart")} of ${seconds(restartMs)}`;
  const isLate = steps.some(({ outcomes }) => outcomes.some((outcome) => outcome.isLate));
  return [
    `${counted(moves, "move")}, about ${seconds(ms)}: ${movesPerSecond} moves a second, ${restarts}${isLate ? ", and waiting for the drain deadline" : ""}`,
    `afterwards: ${after.map(({ server, rooms }) => `${server} ${counted(rooms, "room")}`).join(", ")}`,
    ...(waiting.rooms === 0 ? [] : [`parked until there is a release that reads them: ${roomsAndUsers(waiting)}`]),
    lost.rooms === 0 ? "nothing is lost" : `lost, unless they end before: ${roomsAndUsers(lost)}`,
  ];
}

/** One line for each older release, and one for each game of which it would leave rooms behind. */
function undoLines({ undo, release }: RolloutPlan): string[] {
  const byRelease = [...Map.groupBy(undo, ({ to }) => to)];
  return byRelease.flatMap(([to, games]) => {
    if (games.some(({ isRead }) => isRead === undefined)) return [`an undo to ${to}: it does not say which state versions it reads`];
    const left = games.filter(({ isRead }) => isRead === false);
    if (left.length === 0) return [`an undo to ${to} finds every room readable: ${to} reads what ${release} writes`];
    return left.map((one) => undoLine(one, release));
  });
}

function undoLine({ to, game, version, rooms }: Undo, release: string): string {
  const what = `an undo to ${to} leaves ${game} behind: ${release} writes version ${version}, which ${to} does not read`;
  return `${what}; of ${counted(rooms, "room")} by then none moves back, they park or are dissolved. They would only if ${release} still wrote the older version`;
}

function lotOf({ game, version, rooms }: PlannedLot): string {
  const many = counted(rooms, "room");
  return game === undefined || version === undefined ? `${many} of unknown state versions` : `${many} of ${game} version ${version}`;
}

function roomsAndUsers({ rooms, users }: RoomsAndUsers): string {
  return `${counted(rooms, "room")} and ${counted(users, "user")}`;
}

function servers(count: number): string {
  return counted(count, "game server");
}
