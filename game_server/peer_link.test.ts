/** What one batch to another game server may hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkChannel } from "#link/channel.ts";
import { memoryPair } from "#link/socket_memory.ts";
import type { ServerHello } from "#protocol/gen/link_pb.ts";
import { batchBytesMax, ToServerWriter } from "#protocol/link.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { offerCharactersMax, PeerLink } from "./peer_link.ts";

test("[P5][P7] the largest room that is offered fits into a batch behind others, whatever its characters take", async () => {
  const clock = new ManualClock();
  const [socket] = memoryPair(clock);
  const batches: number[] = [];
  socket.send = (batch) => void batches.push(batch.length);
  const holder = { read: () => {}, onDown: () => {} };
  const channel = new LinkChannel(socket, { clock, writer: new ToServerWriter() }, holder);
  const link = new PeerLink(channel, {} as ServerHello, { clock, address: "b", onDown: () => {} });
  const overhead = 48; // of the message around it
  void link.offer("00000000000000f1", "a".repeat(1024 * 1024 - overhead), 1);
  void link.offer("00000000000000f2", "\u4e2d".repeat(offerCharactersMax), 1);
  channel.flush();
  assert.deepEqual(batches.length, 1, "both are in one batch");
  assert.ok(
    batches.every((bytes) => bytes <= batchBytesMax),
    batches.join(),
  );
  const answer = await link.offer("00000000000000f3", "a".repeat(offerCharactersMax + 1), 1);
  assert.equal(answer?.sentence, "it is too large to be moved");
});
