/** When bots came to gates and went, as the gates' logs and the game servers' tell it: who has reconnected, how often, and how long he was away. */

import type { LogEvent } from "#runtime/log.ts";
import type { Said } from "#tests/support/said.ts";
import { bots, firstBot } from "./players.ts";
import type { PodLogs } from "./pod_logs.ts";

/** By user: how often he has come in. */
export function comings(logs: PodLogs): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { user } of told(logs, "gate", "session open")) counts.set(user, (counts.get(user) ?? 0) + 1);
  return counts;
}

/** Of whoever had the most. */
export function reconnectsMost(logs: PodLogs): number {
  return Math.max(...comings(logs).values()) - 1;
}

/** The users who are at a pod's gate. */
export function thoseAt(logs: PodLogs, pod: string): Set<number> {
  const here = new Map<number, number>();
  const of = (event: LogEvent, by: number): void => {
    for (const { user } of told(logs, "gate", event, pod)) here.set(user, (here.get(user) ?? 0) + by);
  };
  of("session open", 1);
  of("session close", -1);
  return new Set([...here].filter(([, count]) => count > 0).map(([user]) => user));
}

/** For each return to a room after `sinceMs`, how long after then, or after that user's gate had closed his socket. */
export function awaysMs(logs: PodLogs, sinceMs: number): number[] {
  const closes = told(logs, "gate", "session close").filter(({ atMs }) => atMs >= sinceMs);
  const backs = told(logs, "game", "come back").filter(({ atMs }) => atMs >= sinceMs);
  return backs.map(({ user, atMs }) => atMs - (closes.findLast((close) => close.user === user && close.atMs <= atMs)?.atMs ?? sinceMs));
}

interface Told {
  readonly user: number;
  readonly atMs: number;
  readonly said: Said;
}

/** What was said of bots, in order. */
export function told(logs: PodLogs, container: string, event: LogEvent, pod?: string): Told[] {
  return logs
    .of(container)
    .filter((log) => pod === undefined || log.pod === pod)
    .flatMap((log) => log.said(event))
    .map((said) => ({ user: Number(said["user.id"]), atMs: Date.parse(said["@timestamp"]), said }))
    .filter(({ user }) => user >= firstBot && user < firstBot + bots)
    .toSorted((a, b) => a.atMs - b.atMs);
}
