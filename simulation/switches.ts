/**
 * Rules of the protocol, switched off one at a time to prove that the verdict would notice.
 * A simulation that finds nothing with a rule off does not test that rule.
 */
import { Session } from "#door/session.ts";
import type { Commit } from "#game_server/journal.ts";
import { Room } from "#game_server/room.ts";
import type { RoomValue } from "#game_server/room_value.ts";
import type { Seat } from "#game_server/seats.ts";
import type { Write } from "./disk.ts";

/** What a rule that is off does to a run. */
interface Off {
  /** What becomes of a commit; each start of a process has its own. */
  write?(): Write;
  /** Changes the code under test; gives how to change it back. */
  patch?(): () => void;
}

export const switches = {
  /** Outputs leave before their turn is written: each commit is stored when the next one comes. */
  "commit-before-send": { write: () => delayedWrite() },

  /** A room is stored without what it has said. */
  "outputs-in-commit": {
    write: () => (commit, store) =>
      store(
        changed(commit, (value) => {
          value.outbox.kept.length = 0;
        }),
      ),
  },

  /** A room counts nothing: it applies whatever comes, and a gate that attaches again sends all that is unacknowledged. */
  "contiguous-numbers": {
    patch: () => {
      const restores = [
        replaced(
          Room.prototype,
          "input",
          (input) =>
            function (this: Room, exit, session, number, frame) {
              const way = seatOf(this, exit.gate, session)?.way;
              if (way?.is === "online") way.last = number - 1;
              return input.call(this, exit, session, number, frame);
            },
        ),
        replaced(
          Room.prototype,
          "attach",
          (attach) =>
            function (this: Room, exit, last, claimants) {
              const attached = attach.call(this, exit, last, claimants);
              const acked = new Map(claimants.map((claimant) => [claimant.session, claimant.acked]));
              return { ...attached, seated: attached.seated.map(({ session }) => ({ session, last: acked.get(session) ?? 0 })) };
            },
        ),
      ];
      return () => {
        for (const restore of restores) restore();
      };
    },
  },

  /** A gate forgets what it has sent on, whether it was applied or not. */
  "retained-inputs": {
    patch: () =>
      replaced(
        Session.prototype,
        "placeFound",
        () =>
          function (this: Session) {
            this.acked(Number.MAX_SAFE_INTEGER);
          },
      ),
  },

  /** A link that is lost counts as its clients' own leaving. */
  "absent-is-not-gone": {
    patch: () =>
      replaced(
        Room.prototype,
        "detach",
        (detach) =>
          function (this: Room, exit) {
            for (const { way } of [...this.value.seats]) {
              if (way.is === "online" && way.gate === exit.gate) this.leave(exit, way.session, way.last + 1, "drop");
            }
            detach.call(this, exit);
          },
      ),
  },
} satisfies Record<string, Off>;

export type SwitchName = keyof typeof switches;

export function isSwitch(name: string): name is SwitchName {
  return name in switches;
}

function delayedWrite(): Write {
  let waiting: Commit | undefined;
  return (commit, store) => {
    if (waiting !== undefined) store(waiting);
    waiting = commit;
  };
}

function changed(commit: Commit, change: (value: RoomValue) => void): Commit {
  const kept = commit.kept.map(({ life, value }) => {
    const copy = JSON.parse(value) as RoomValue;
    change(copy);
    return { life, value: JSON.stringify(copy) };
  });
  return { ...commit, kept };
}

function seatOf(room: Room, gate: string, session: number): Seat | undefined {
  return room.value.seats.find(({ way }) => way.is !== "offline" && way.gate === gate && way.session === session);
}

/** Replaces a method by one that is made from it. */
function replaced<Of extends object, Name extends keyof Of>(of: Of, name: Name, make: (method: Of[Name]) => Of[Name]): () => void {
  const method = of[name];
  of[name] = make(method);
  return () => {
    of[name] = method;
  };
}
