/**
 * Rooms begin and end: each of some players sits down in a room that is not there yet, stands up, so that it ends, and goes
 * on to the next one. He says both at once: the gate lets him sit when he has left.
 */
import { CpuWatch, quiet } from "#bench/cpu_watch.ts";
import { benchCommands } from "#bench/game.ts";
import { perCoreRow, type Round } from "#bench/per_core.ts";
import { dividedBy } from "#bench/per_process.ts";
import { masked, RawSocket } from "#bench/raw_socket.ts";
import { atLeast, type Scenario, type ScenarioOptions, type Table } from "#bench/scenario.ts";
import { Croupier } from "#bench/subjects/croupier.ts";
import { commandOf, frame } from "#protocol/frame.ts";
import { Command } from "#protocol/gen/frame_pb.ts";
import { sleep } from "#tests/faults/measure.ts";
import { sitDown } from "#tests/support/player.ts";

const players = 64;
const warmUpMs = 1000;
/** Nobody of another scenario. */
const firstUser = 2_000_000;
const roomsPerSecondMin = 2000;

export const rooms: Scenario = {
  name: "rooms",
  about: "a player sits down in a new room, stands up, and the room ends; again and again",
  async run({ rounds, seconds, subjects: { all } }: ScenarioOptions): Promise<Table> {
    const ours = all.filter((subject) => subject instanceof Croupier);
    const visitors = new Map<Croupier, Visitors>();
    for (const subject of ours) visitors.set(subject, await Visitors.open(subject));
    const heard = new Map<Croupier, Round[]>(ours.map((subject) => [subject, []]));
    for (const group of visitors.values()) await group.visit(Math.min(warmUpMs, seconds * 1000));
    for (let round = 0; round < rounds; round++)
      for (const [subject, group] of visitors) heard.get(subject)?.push(await group.visit(seconds * 1000));
    for (const group of visitors.values()) group.leave();
    const rows = [...heard].map(([{ name }, done]) => perCoreRow(name, done));
    const [, , , , perCore = 0] = rows[0] ?? [];
    return {
      title: `Rooms opened and dissolved, by ${players} players`,
      columns: ["", "CPU µs a room", "of it the gate", "of it the game server", "rooms/s a core", "rooms/s seen"],
      rows,
      targets: atLeast(roomsPerSecondMin, Number(perCore), `rooms: opened/s on a core ≥ ${roomsPerSecondMin}`),
    };
  },
};

/** Players who go from one new room to the next. */
class Visitors {
  readonly #subject: Croupier;
  #visitors: RawSocket[] = [];
  #rooms = 0;
  #isOn = false;
  #last = firstUser;

  private constructor(subject: Croupier) {
    this.#subject = subject;
  }

  static async open(subject: Croupier): Promise<Visitors> {
    const all = new Visitors(subject);
    const users = Array.from({ length: players }, (_, at) => firstUser + at);
    all.#visitors = await Promise.all(users.map((user) => all.#connect(user)));
    return all;
  }

  async visit(ms: number): Promise<Round> {
    await quiet(this.#subject);
    const [watch, startMs, before] = [new CpuWatch(this.#subject), performance.now(), this.#rooms];
    this.#isOn = true;
    for (const socket of this.#visitors) this.#goOn(socket);
    await sleep(ms);
    this.#isOn = false;
    const seconds = (performance.now() - startMs) / 1000;
    await quiet(this.#subject);
    const rooms = this.#rooms - before;
    return { perSecond: rooms / seconds, cpu: dividedBy(watch.spent, rooms) };
  }

  leave(): void {
    for (const socket of this.#visitors) socket.close();
  }

  async #connect(user: number): Promise<RawSocket> {
    const { address, wire } = this.#subject;
    const socket = await RawSocket.open(address, await wire.upgrade(address, user, 0));
    socket.onMessage = (message) => {
      if (commandOf(message) !== benchCommands.SCENE) return;
      this.#rooms += 1;
      if (this.#isOn) this.#goOn(socket);
    };
    return socket;
  }

  #goOn(socket: RawSocket): void {
    this.#last += 1;
    const next = { game_name: "bench", room_id: String(this.#last), options: '{"brief":true}' };
    socket.send(masked(frame(Command.STAND_UP)));
    socket.send(masked(sitDown(next)));
  }
}
