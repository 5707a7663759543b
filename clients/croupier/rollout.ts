/**
 * `croupier rollout`: what a rollout to the release of this command line will do, and how far
 * one is. Both ask a gate, which knows every game server; neither changes anything.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { dealsOf } from "#game_server/deals.ts";
import { games } from "#game_server/games.ts";
import type { ServersView } from "#protocol/admin_views.ts";
import { duration, readSetting } from "#runtime/settings.ts";
import { type AdminClient, Silent, Unreachable } from "./admin.ts";
import type { FlagValues } from "./flags.ts";
import { lookEveryMs } from "./meanwhile.ts";
import { linesOf } from "./rollout_lines.ts";
import { planRollout, type Release } from "./rollout_plan.ts";
import { RolloutWatch } from "./rollout_watch.ts";
import { roomsIn } from "./rooms_and_users.ts";
import { print } from "./say.ts";
import { askServers } from "./servers.ts";
import { counted, seconds, Trouble } from "./words.ts";

/** `rollout plan` */
export async function showPlan(admin: AdminClient, { json }: FlagValues): Promise<void> {
  const { servers, isOlder } = await askServers(admin);
  if (isOlder) throw new Trouble(`${admin.url} is a gate of an older release, which does not say enough: ask one of a newer release.`);
  if (servers.length === 0) throw new Trouble(`${admin.url} knows no game server.`);
  const plan = planRollout(servers, ownRelease());
  for (const line of json ? [JSON.stringify(plan)] : linesOf(plan)) print(line);
}

/**
 * `rollout status`: a line for each change, until the fleet is of one release (`--release`), nobody drains and nothing is held.
 * @throws {Trouble} when that is not so after `--timeout`, 0 = never.
 */
export async function followRollout(admin: AdminClient, { release, timeout = "10m", json }: FlagValues): Promise<void> {
  const timeoutMs = duration(timeout, "--timeout");
  const startMs = performance.now();
  const watch = new RolloutWatch(release);
  let left: readonly string[] = [];
  const say: Say = (lines) => {
    if (json && lines.length > 0) print(JSON.stringify({ changes: lines, left }));
    else for (const line of lines) print(line);
  };
  const gate = new PatientGate(admin, say);
  for (;;) {
    const view = await gate.look();
    if (view !== undefined) {
      const now = watch.look(view, performance.now());
      left = now.left;
      say(left.length === 0 ? [...now.lines, doneLine(view)] : now.lines);
      if (left.length === 0) return;
    }
    if (timeoutMs > 0 && performance.now() - startMs >= timeoutMs)
      throw new Trouble(`the rollout is not over after ${seconds(timeoutMs)}: ${gate.trouble ?? ""}${left.join("; ")}.`);
    await sleep(lookEveryMs);
  }
}

type Say = (lines: readonly string[]) => void;

/** A gate that may restart, or be out of reach for a while, once it has been heard. */
class PatientGate {
  readonly #admin: AdminClient;
  readonly #say: Say;
  #wasHeard = false;
  #silence: Trouble | undefined;

  constructor(admin: AdminClient, say: Say) {
    this.#admin = admin;
    this.#say = say;
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
      if (this.#silence !== undefined) this.#say([`${this.#admin.url} answers again`]);
      this.#silence = undefined;
      this.#wasHeard = true;
      return view;
    } catch (thrown) {
      if (!(thrown instanceof Silent) && !(thrown instanceof Unreachable && this.#wasHeard)) throw thrown;
      if (this.#silence === undefined) this.#say([`${thrown.message.replace(/\.$/, "")}: asked again until it does`]);
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
