/**
 * Rules of the protocol, switched off one at a time to prove that the verdict would notice.
 * A simulation that finds nothing with a rule off does not test that rule.
 */
import { Session } from "#door/session.ts";
import type { Life } from "#fleet/directory.ts";
import { Departures } from "#game_server/departures.ts";
import type { Commit } from "#game_server/journal.ts";
import { PeerLink } from "#game_server/peer_link.ts";
import { Room } from "#game_server/room.ts";
import { isGone, type RoomValue, type StoredValue } from "#game_server/room_value.ts";
import { Rooms } from "#game_server/rooms.ts";
import type { Seat } from "#game_server/seats.ts";
import { GateRoom } from "#gate_server/gate_room.ts";
import { SimDisk, type Write } from "./disk.ts";
import { RedisMemory, type Step, steps } from "./redis_memory.ts";

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
    patch: () =>
      all(
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
      ),
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
  /** Anybody is believed who says that a life is his, and a process that was given up may write. */
  fence: {
    patch: () =>
      all(
        replaced(SimDisk.prototype, "mayWrite", () => () => true),
        replaced(
          GateRoom.prototype,
          "moved",
          (moved) =>
            function (this: GateRoom, owner, epoch) {
              return moved.call(this, owner, owner === this.owner ? epoch : Math.max(epoch, this.epoch + 1));
            },
        ),
        replaced(
          GateRoom.prototype,
          "attached",
          (attached) =>
            function (this: GateRoom, link, answer) {
              attached.call(this, link, { ...answer, epoch: Math.max(answer.epoch, this.epoch) });
            },
        ),
      ),
  },

  /** What is said of one offer of a life counts for every other. */
  "offer-id": {
    patch: () => replaced(Departures.prototype, "newOffer", () => (life) => life),
  },

  /** A taker says yes before it has written anything down. */
  "incoming-journal": {
    patch: () =>
      replaced(
        Rooms.prototype,
        "note",
        (note) =>
          function (this: Rooms, life, value) {
            if (value === undefined || isGone(value) || value.passage?.is !== "incoming") note.call(this, life, value);
          },
      ),
  },

  /** A giver does not write down that it has asked the directory to move a room. */
  "outgoing-journal": {
    write: () => (commit, store) =>
      store(
        changed(commit, (value) => {
          if (value.passage?.is === "outgoing") delete value.passage;
        }),
      ),
  },

  /** A giver that does not hear from the directory plays on, without a word of the taker. */
  "thaw-after-dropped": {
    patch: () => replaced(PeerLink.prototype, "drop", () => async () => "dropped" as const),
  },

  /** What is said of a life is taken for whatever has its name, and where its user sits. */
  "life-in-a-name": { patch: () => nameless() },

  /** A server without a lease has lost its rooms. */
  "lease-frees-nothing": {
    patch: () =>
      replaced(
        RedisMemory.prototype,
        "run",
        (run) =>
          function (this: RedisMemory, nowMs, name, [known = "", fresh = "", , ...args]) {
            return run.call(this, nowMs, name, [known, fresh, "1", ...args]);
          },
      ),
  },

  /** Nobody asks whether a user sits elsewhere. */
  "user-claim": {
    patch: () =>
      replaced(
        steps,
        "claim",
        (claim) =>
          (step, text = "", user = "") =>
            claim(step, text, `${user} of ${(JSON.parse(text) as Life).life}`),
      ),
  },
} satisfies Record<string, Off>;

export type SwitchName = keyof typeof switches;

export function isSwitch(name: string): name is SwitchName {
  return name in switches;
}

/** Ends and releases find what they are about by its name, and by its user. An end is heard a second time behind the next claim. */
function nameless(): () => void {
  const names = new Map<string, string>();
  let late: ((step: Step) => void)[] = [];
  const end = (step: Step, life: string): void => {
    const named = step.named(names.get(life) ?? "");
    if (named !== undefined) step.drop(named);
  };
  return all(
    replaced(steps, "claim", (claim) => (step, text = "", user = "") => {
      const { life, game, room } = JSON.parse(text) as Life;
      names.set(life, `${game}/${room}`);
      const answer = claim(step, text, user);
      for (const hear of late) hear(step);
      late = [];
      return answer;
    }),
    replaced(steps, "finish", () => (step, life = "") => {
      end(step, life);
      late.push((then) => end(then, life));
      return ["done"];
    }),
    replaced(steps, "release", () => (step, _life, _owner, user = "") => {
      const place = step.placeOf(user);
      if (place !== undefined) step.unseat(place, user);
      return ["done"];
    }),
  );
}

function all(...restores: (() => void)[]): () => void {
  return () => {
    for (const restore of restores) restore();
  };
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
    const copy = JSON.parse(value) as StoredValue;
    if (!isGone(copy)) change(copy);
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
