/** A house for the fuzzer of links: a gate and a game server in this process, whose ends hear what a fuzzer makes up. */
import assert from "node:assert/strict";
import { dice } from "#game_server/games/dice/dice.ts";
import { memoryPair } from "#link/socket_memory.ts";
import { encode } from "#protocol/frame.ts";
import { Command, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import type { Entropy } from "#runtime/entropy.ts";
import { listeningLog } from "#tests/support/journal_at_hand.ts";
import { PeerAtHand } from "#tests/support/peer_at_hand.ts";
import { SmallHouse } from "#tests/support/small_house.ts";

/** To a game server by its gate or another server, to a gate by its server, and by somebody who has proved nothing. */
export const hearers = ["server", "gate", "peer", "stranger"] as const;
export type Hearer = (typeof hearers)[number];

/** The same lives and boots in every house: an input is the same input tomorrow. */
export function countingEntropy(): Entropy {
  let drawn = 0;
  return (count) => {
    drawn += count;
    return Uint8Array.from({ length: count }, (_, at) => (drawn + at) % 251);
  };
}

/** A house where somebody sits, and its links. */
export class LinkHouse {
  readonly #house: SmallHouse;
  readonly #log: ReturnType<typeof listeningLog>;

  private constructor(house: SmallHouse, log: ReturnType<typeof listeningLog>) {
    this.#house = house;
    this.#log = log;
  }

  static async open(): Promise<LinkHouse> {
    const log = listeningLog();
    return new LinkHouse(await SmallHouse.open(dice, {}, { log, entropy: countingEntropy() }), log);
  }

  /** What the room, its server and its gate are called, in this house and every other one. */
  async names(): Promise<{ readonly life: string; readonly owner: string; readonly gate: string }> {
    await this.seat(99, "1");
    const { life, owner, seats } = this.#house.written("1") ?? assert.fail("nobody sits there");
    const [seat] = seats;
    assert.ok(seat?.way.is === "online");
    return { life, owner, gate: seat.way.gate };
  }

  async seat(user: number, room: string): Promise<void> {
    const player = this.#house.player(user);
    player.says(encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice", room_id: room } }));
    await this.#house.pass(100);
    assert.match(player.hears().join(), /Scene (playing|idle)/, `user ${user} may not sit down in room ${room}`);
  }

  /** Whoever has lied, a link later everybody plays, and what was written down can be read. */
  async hear(hearer: Hearer, batches: readonly Uint8Array[]): Promise<void> {
    await this.seat(99, "1");
    const say = await this.#speaker(hearer);
    for (const batch of batches) await say(batch);
    await this.#house.pass(1500);
    await this.#house.kill();
    this.#house.restart();
    await this.#house.pass(1500);
    assert.ok(!this.#log.events.includes("room unreadable"), "a room of its own that it cannot read");
    await this.seat(4711, "4711");
    if (hearer === "stranger") await this.seat(4712, "1");
  }

  async #speaker(hearer: Hearer): Promise<(batch: Uint8Array) => Promise<void>> {
    const house = this.#house;
    if (hearer === "server" || hearer === "gate") return (batch) => house.send(hearer, batch);
    if (hearer === "peer") {
      const peer = await PeerAtHand.link(house, house.server);
      return async (batch) => {
        peer.send(batch);
        await house.settle();
      };
    }
    const [ours, theirs] = memoryPair(house.clock);
    let heard = 0;
    ours.listen({ onBatch: (batch) => (heard += batch.length), onClose: () => {} });
    house.server.accept(theirs);
    return async (batch) => {
      ours.send(batch);
      await house.settle();
      assert.ok(heard < 2000, "a stranger is told more than who he is not");
    };
  }
}
