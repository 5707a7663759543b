/** What a game server says to the one gate that keeps the directory, in batches that a link carries. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DirectoryKeeper } from "#gate_server/directory_keeper.ts";
import { batchBytesMax, readToGate, ToGateWriter } from "#protocol/link.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { silentLog } from "#runtime/log.ts";
import { life } from "#tests/support/lives.ts";
import { LinkDirectory } from "./directory_link.ts";
import { MemoryDirectory } from "./directory_memory.ts";

test("[P7][P8] a server from which a hundred thousand lives have left can still tell what is here", async () => {
  const clock = new ManualClock();
  const kept = new MemoryDirectory(clock);
  const [here, left, elsewhere] = [life("1", "A"), life("2", "A"), "f".repeat(16)];
  for (const one of [here, left]) await kept.claim(one, Number(one.room));
  const notes = Array.from({ length: 100_000 }, (_, index) => ({ life: index.toString(16).padStart(16, "e"), owner: elsewhere, epoch: 2 }));
  const server = new LinkDirectory({
    clock,
    own: () => [{ life: here, users: [1] }],
    unsettled: () => [{ life: left.life, owner: elsewhere, epoch: 2 }, ...notes],
    onLateClaim: () => {},
  });
  const keeper = new DirectoryKeeper(kept, { log: silentLog, linkTo: () => undefined });
  const link = { server: { journal: "A" }, lost: () => {} };
  let isTold = false;
  const reader = { output: () => {}, ack: () => {} };
  server.attach((say) => {
    const writer = new ToGateWriter();
    writer.say(say);
    assert.ok(writer.length < batchBytesMax / 2, `${writer.length} bytes`);
    readToGate(writer.take(), {
      ...reader,
      say: (said) => {
        if (said.say.case === "announcement") isTold = keeper.announce(link, said.say.value);
      },
    });
  });
  assert.deepEqual([isTold, (await kept.where(left.life))?.life.owner, kept.lives], [true, elsewhere, 2]);
});
