/**
 * Dice as fast as its rules let it be played: everybody rolls the moment a game starts, so that it is settled at once, and
 * what is waited for is the pause between games. What happens at such a table is counted with all it costs: timers, scenes
 * of the next game, settlements, heartbeats.
 */
import { atOnce } from "#bench/at_once.ts";
import { CpuWatch } from "#bench/cpu_watch.ts";
import { dividedBy, mediansOf, type PerProcess, sumOf } from "#bench/per_process.ts";
import { masked, type RawSocket } from "#bench/raw_socket.ts";
import type { Scenario, ScenarioOptions, Table } from "#bench/scenario.ts";
import { join } from "#bench/subject.ts";
import { Croupier, diceWire } from "#bench/subjects/croupier.ts";
import { names } from "#bench/subjects_at_hand.ts";
import { bodyOf, commandOf, decode, frame } from "#protocol/frame.ts";
import { Command as Dice, ShakeResponseSchema } from "#protocol/gen/dice_pb.ts";
import { median, quantile, sleep } from "#tests/faults/measure.ts";

const playersMax = 4000;
/** Of a shorter run. */
const playersPerSecond = 2000;
const seats = 4;
const width = 32;
/** A game and its pause, for each second that was asked for. */
const msPerSecond = 5100;
const shake = masked(frame(Dice.SHAKE));

interface Round {
  readonly seconds: number;
  readonly messages: number;
  readonly rollsMs: readonly number[];
  /** CPU microseconds. */
  readonly cpu: PerProcess;
}

export const dice: Scenario = {
  name: "dice",
  about: "everybody rolls as soon as a game starts, by the rules of dice",
  async run({ rounds, seconds }: ScenarioOptions): Promise<Table> {
    const players = seats * Math.ceil(Math.min(playersMax, playersPerSecond * seconds) / seats);
    const croupier = await Croupier.start(names.croupier);
    try {
      const evening = await Evening.begin(croupier, players);
      const all: Round[] = [];
      await evening.play(seconds * msPerSecond); // not counted
      for (let round = 0; round < rounds; round++) all.push(await evening.play(seconds * msPerSecond));
      const perMessage = mediansOf(
        all.map(({ cpu, messages }) => dividedBy(cpu, messages)),
        median,
      );
      const rollsMs = all.flatMap((round) => round.rollsMs);
      return {
        title: `Playing dice: ${players} players in rooms of ${seats}`,
        columns: [
          "",
          "CPU µs a message",
          "of it the gate",
          "of it the game server",
          "CPU µs a roll",
          "messages/s",
          "rolls/s",
          "roll p50 ms",
          "p99",
        ],
        rows: [
          [
            ...[croupier.name, sumOf(perMessage), perMessage["gate"] ?? Number.NaN, perMessage["game server"] ?? Number.NaN],
            median(all.map(({ cpu, rollsMs: { length } }) => sumOf(cpu) / length)),
            median(all.map(({ messages, seconds: passed }) => messages / passed)),
            median(all.map(({ rollsMs: { length }, seconds: passed }) => length / passed)),
            ...[quantile(rollsMs, 0.5), quantile(rollsMs, 0.99)],
          ],
        ],
        targets: [],
      };
    } finally {
      await croupier.stop();
    }
  },
};

/** Players who stay at their tables, and what they have heard since it was asked last. */
class Evening {
  readonly #croupier: Croupier;
  #messages = 0;
  #rollsMs: number[] = [];

  private constructor(croupier: Croupier) {
    this.#croupier = croupier;
  }

  static async begin(croupier: Croupier, players: number): Promise<Evening> {
    const evening = new Evening(croupier);
    await atOnce(width, Array(players).keys(), async (at) => {
      const user = at + 1;
      evening.#play(await join({ address: croupier.address, wire: diceWire }, user, Math.ceil(user / seats)));
    });
    return evening;
  }

  async play(ms: number): Promise<Round> {
    this.#messages = 0;
    this.#rollsMs = [];
    const [watch, startMs] = [new CpuWatch(this.#croupier), performance.now()];
    await sleep(ms);
    return { seconds: (performance.now() - startMs) / 1000, messages: this.#messages, rollsMs: this.#rollsMs, cpu: watch.spent };
  }

  #play(socket: RawSocket): void {
    let rolledAtMs = 0;
    const roll = (): void => {
      rolledAtMs = performance.now();
      socket.send(shake);
    };
    socket.onMessage = (message) => {
      this.#messages += 1;
      const command = commandOf(message);
      if (command === Dice.START) roll();
      else if (command === Dice.SHAKE && isMine(message)) this.#rollsMs.push(performance.now() - rolledAtMs);
    };
    roll(); // refused between two games
  }
}

/** Only whoever has rolled is told the points. */
function isMine(message: Buffer): boolean {
  return decode(ShakeResponseSchema, bodyOf(message)).dicePoints > 0;
}
