/** Whom the watch of a drain asks, and for how long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AdminClient } from "#clients/croupier/admin.ts";
import { Trouble } from "#clients/croupier/words.ts";
import type { RoomView } from "#protocol/admin_views.ts";
import { DrainWatch } from "./drain_watch.ts";
import type { Member } from "./member.ts";

const room = { game: "dice", id: "1", life: "a" } as RoomView;
const { signal } = new AbortController();

/** A process whose rooms are these; it counts what it is asked. */
function process(url: string, rooms: readonly RoomView[]) {
  const asked: string[] = [];
  const ask = async (_method: string, path: string): Promise<unknown> => {
    asked.push(path);
    if (path.startsWith("/rooms?")) return { rooms };
    if (rooms.some(({ life }) => path === `/rooms/${life}`)) return rooms[0];
    throw new Trouble("no such room");
  };
  return { asked, admin: { url, ask } as unknown as AdminClient };
}

function member(admin: AdminClient, stage: "draining" | "serving"): Member {
  return { admin, is: "there", about: { process: { startedAtMs: 1 }, drain: { stage } } } as Member;
}

test("[web][admin] a drain that was taken back is looked at until what had left is found, and no longer", async () => {
  const [from, other] = [process("http://from", []), process("http://other", [room])];
  const watch = new DrainWatch(from.admin, "from", 1, [room]);
  watch.heard(member(from.admin, "draining"));
  await watch.look([], signal);
  assert.deepEqual([from.asked.length, watch.followed[0]?.is], [1, "left"]);
  watch.heard(member(from.admin, "serving"));
  for (let look = 0; look < 3; look++) await watch.look([other.admin], signal);
  assert.deepEqual([from.asked.length, other.asked, watch.followed[0]?.is], [2, ["/rooms/a"], "moved"]);
});

test("[web][admin] a room that came back while it was looked for, and leaves again, is looked for as long as any", async () => {
  const rooms: RoomView[] = [];
  const [from, other] = [process("http://from", rooms), process("http://other", [])];
  const watch = new DrainWatch(from.admin, "from", 1, [room]);
  const look = async (): Promise<string | undefined> => {
    await watch.look([other.admin], signal);
    return watch.followed[0]?.is;
  };
  const lookedFor = ["left", "left", "left"]; // once more, and it is over
  assert.deepEqual([await look(), await look(), await look()], lookedFor);
  rooms.push(room);
  assert.equal(await look(), "here");
  rooms.pop();
  assert.deepEqual([await look(), await look(), await look()], lookedFor);
  assert.equal(await look(), "over");
});
