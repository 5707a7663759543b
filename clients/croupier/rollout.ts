/**
 * `croupier rollout`: what a rollout to the release of this command line will do, and how far
 * one is. Both ask a gate, which knows every game server; neither changes anything.
 */

import { dealsOf } from "#game_server/deals.ts";
import { games } from "#game_server/games.ts";
import type { ServersView } from "#gate_server/server_routes.ts";
import { readSetting } from "#runtime/settings.ts";
import { type AdminClient, Silent, Unreachable } from "./admin.ts";
import { linesOf } from "./rollout_lines.ts";
import { planRollout, type Release } from "./rollout_plan.ts";
import { RolloutWatch } from "./rollout_watch.ts";
import { roomsIn } from "./rooms_and_users.ts";
import { counted, print, seconds, Trouble } from "./say.ts";
import { askServers } from "./servers.ts";

const lookEveryMs = 500;

/** `rollout plan` */
export async function showPlan(admin: AdminClient, { json }: { json: boolean }): Promise<void> {
  const { servers, isOlder } = await askServers(admin);
  if (isOlder) throw new Trouble(`${admin.url} is a gate of an older release, which does not say enough: ask one of a newer release.`);
  if (servers.length === 0) throw new Trouble(`${admin.url} knows no game server.`);
  const plan = planRollout(servers, ownRelease());
  for (const line of json ? [JSON.stringify(plan)] : linesOf(plan)) print(line);
}

/**
 * `rollout status`: a line for each change, until the fleet is of one release (`release`), nobody drains and nothing is held.
 * @throws {Trouble} when that is not so after `timeoutMs`, 0 = never.
 */
export async function followRollout(admin: AdminClient, options: { release: string | undefined; timeoutMs: number }): Promise<void> {
  const startMs = performance.now();
  const watch = new RolloutWatch(options.release);
  const gate = new PatientGate(admin);
  let left: readonly string[] = [];
  for (;;) {
    const view = await gate.look();
    if (view !== undefined) {
      const { lines, left: now } = watch.look(view, performance.now());
      for (const line of lines) print(line);
      if (now.length === 0) return print(doneLine(view));
      left = now;
    }
    if (options.timeoutMs > 0 && performance.now() - startMs >= options.timeoutMs)
      throw new Trouble(`the rollout is not over after ${seconds(options.timeoutMs)}: ${gate.trouble ?? ""}${left.join("; ")}.`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** A gate that may restart, or be out of reach for a while, once it has been heard. */
class PatientGate {
  readonly #admin: AdminClient;
  #wasHeard = false;
  #silence: Trouble | undefined;

  constructor(admin: AdminClient) {
    this.#admin = admin;
  }

  /** Why it is not heard now, as the first part of a sentence. */
  get trouble(): string | undefined {
    return this.#silence && `${this.#silence.message.replace(/\.$/, "")}; when it was heard last: `;
  }

  /**
   * Undefined: it does not answer now.
   * @throws {Unreachable} when it never did.
   */
  async look(): Promise<ServersView | undefined> {
    try {
      const view = await askServers(this.#admin);
      if (this.#silence !== undefined) print(`${this.#admin.url} answers again`);
      this.#silence = undefined;
      this.#wasHeard = true;
      return view;
    } catch (thrown) {
      if (!(thrown instanceof Silent) && !(thrown instanceof Unreachable && this.#wasHeard)) throw thrown;
      if (this.#silence === undefined) print(`${thrown.message.replace(/\.$/, "")}: asked again until it does`);
      this.#silence = thrown;
      return undefined;
    }
  }
}

/** What the checkout or the image deals from which this runs. */
function ownRelease(): Release {
  return {
    name: readSetting("version", process.env),
    deals: dealsOf(games),
    drainDeadlineMs: readSetting("drainDeadlineMs", process.env),
  };
}

function doneLine({ servers }: ServersView): string {
  return `done: ${counted(servers.length, "game server")} of release ${servers[0]?.release}, ${counted(roomsIn(servers), "room")}`;
}
