/**
 * What Redis does with the scripts of fleet/redis_scripts.ts, in this process: the same keys,
 * the same words, and each script one step. The suite of the directories
 * (fleet/directory.test.ts) runs against it as against the real one.
 */
import type { Life, Unsettled } from "#fleet/directory.ts";
import { learningMs, type scripts } from "#fleet/redis_scripts.ts";

/** The record of a server that left and owns nothing is kept so long, as in the scripts. */
const recordKeptMs = 300_000;
/** So often what is there is remembered, and for so long: what a failover may go back to. */
const rememberEveryMs = 5;
const rememberedMs = 3000;

export type ScriptName = keyof typeof scripts;

/** A life as it is kept, with the offer by which its owner got it. */
type KeptLife = Life & { readonly offer?: string };

/** The keys; see fleet/redis_scripts.ts. Times are Redis' own clock's. */
interface Keys {
  generation: string;
  learningUntilMs: number;
  readonly lives: Map<string, string>;
  readonly names: Map<string, string>;
  readonly users: Map<string, string>;
  readonly sits: Map<string, Set<string>>;
  readonly owns: Map<string, Set<string>>;
  readonly seats: Map<string, Set<string>>;
  readonly told: Map<string, Set<string>>;
  readonly abandoned: Set<string>;
  readonly servers: Map<string, string>;
  readonly renewed: Map<string, number>;
  readonly leases: Map<string, number>;
}

export class RedisMemory {
  #keys = noKeys();
  /** Old states, the oldest first. */
  readonly #past: { readonly atMs: number; readonly keys: Keys }[] = [];
  /** Whether old states are remembered. */
  readonly #isRemembering: boolean;

  constructor(isRemembering = false) {
    this.#isRemembering = isRemembering;
  }

  get lives(): number {
    return this.#keys.lives.size;
  }

  get users(): number {
    return this.#keys.users.size;
  }

  /** What a script answers. `args`: the generation that its process knows, a fresh one, ABANDON_AFTER, and the script's own. */
  run(nowMs: number, name: ScriptName, [known = "", fresh = "", abandonMs = "0", ...args]: readonly string[]): string[] {
    this.#remember(nowMs);
    const keys = this.#keys;
    const hasForgotten = keys.generation === "" || (known !== "" && known !== keys.generation && !this.#isLearning(nowMs));
    if (hasForgotten) {
      keys.generation = fresh;
      keys.learningUntilMs = nowMs + learningMs;
    }
    const isLearning = this.#isLearning(nowMs);
    const step = new Step(keys, nowMs, Number(abandonMs), isLearning);
    return [keys.generation, isLearning ? "1" : "0", ...steps[name](step, ...args)];
  }

  forget(): void {
    this.#keys = noKeys();
    this.#past.length = 0;
  }

  /** What was written since then is lost. */
  goBackTo(atMs: number): void {
    const before = this.#past.findLast((past) => past.atMs <= atMs) ?? this.#past[0];
    if (before !== undefined) this.#keys = structuredClone(before.keys);
  }

  /** Nobody has more to tell. */
  learned(): void {
    this.#keys.learningUntilMs = 0;
  }

  /** The owner has renewed its lease last at this time. */
  renewedAt(owner: string, atMs: number): void {
    this.#keys.renewed.set(owner, atMs);
    this.#keys.leases.delete(owner);
  }

  #isLearning(nowMs: number): boolean {
    return this.#keys.learningUntilMs > nowMs;
  }

  #remember(nowMs: number): void {
    if (!this.#isRemembering || nowMs - (this.#past.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < rememberEveryMs) return;
    this.#past.push({ atMs: nowMs, keys: structuredClone(this.#keys) });
    while ((this.#past[0]?.atMs ?? nowMs) < nowMs - rememberedMs) this.#past.shift();
  }
}

/** One run of a script: what all of them have in common (the scripts' prelude). */
export class Step {
  readonly keys: Keys;
  readonly nowMs: number;
  readonly isLearning: boolean;
  readonly #abandonMs: number;

  constructor(keys: Keys, nowMs: number, abandonMs: number, isLearning: boolean) {
    this.keys = keys;
    this.nowMs = nowMs;
    this.#abandonMs = abandonMs;
    this.isLearning = isLearning;
  }

  read(id: string | undefined): KeptLife | undefined {
    const text = id === undefined ? undefined : this.keys.lives.get(id);
    return text === undefined ? undefined : lifeOf(text);
  }

  textOf(life: Life | undefined): string {
    return (life && this.keys.lives.get(life.life)) ?? "";
  }

  hasLease(owner: string): boolean {
    return (this.keys.leases.get(owner) ?? 0) > this.nowMs;
  }

  unseat(life: Life, user: string): void {
    const { users, seats, sits } = this.keys;
    if (users.get(user) === life.life) {
      users.delete(user);
      remove(seats, life.owner, user);
    }
    remove(sits, life.life, user);
  }

  seat(life: Life, user: string): void {
    const { users, seats, sits } = this.keys;
    users.set(user, life.life);
    add(sits, life.life, user);
    add(seats, life.owner, user);
  }

  open(life: Life, text: string): void {
    const { lives, names, owns } = this.keys;
    lives.set(life.life, text);
    names.set(nameOf(life), life.life);
    add(owns, life.owner, life.life);
  }

  hand(life: Life, to: Life, text: string): void {
    const { seats, sits, owns } = this.keys;
    for (const user of sits.get(life.life) ?? []) if (remove(seats, life.owner, user)) add(seats, to.owner, user);
    remove(owns, life.owner, life.life);
    this.open(to, text);
  }

  drop(life: Life): void {
    const { lives, names, owns, sits } = this.keys;
    for (const user of [...(sits.get(life.life) ?? [])]) this.unseat(life, user);
    sits.delete(life.life);
    lives.delete(life.life);
    if (names.get(nameOf(life)) === life.life) names.delete(nameOf(life));
    remove(owns, life.owner, life.life);
  }

  isAbandoned(owner: string): boolean {
    if (this.#abandonMs === 0 || this.hasLease(owner)) return false;
    const { renewed } = this.keys;
    const atMs = renewed.get(owner) ?? this.nowMs;
    renewed.set(owner, atMs);
    return this.nowMs - atMs >= this.#abandonMs;
  }

  abandon(life: Life): void {
    this.drop(life);
    this.keys.abandoned.add(life.life);
  }

  placeOf(user: string): KeptLife | undefined {
    return this.#alive(this.keys.users.get(user));
  }

  named(name: string): KeptLife | undefined {
    return this.#alive(this.keys.names.get(name));
  }

  alive(id: string): KeptLife | undefined {
    return this.#alive(id);
  }

  renew(owner: string): void {
    this.keys.renewed.set(owner, this.nowMs);
  }

  forgetServer(owner: string): void {
    this.keys.servers.delete(owner);
    this.keys.renewed.delete(owner);
  }

  #alive(id: string | undefined): KeptLife | undefined {
    const life = this.read(id);
    if (life === undefined || !this.isAbandoned(life.owner)) return life;
    this.abandon(life);
    return undefined;
  }
}

/** The scripts, by their names there. */
export const steps: Record<ScriptName, (step: Step, ...args: string[]) => string[]> = {
  find(step, user = "", name = "") {
    const place = step.placeOf(user);
    if (place === undefined && step.isLearning) return ["learning"];
    const placeText = step.textOf(place);
    return ["found", placeText, step.textOf(name === "" ? undefined : step.named(name))];
  },

  where(step, id = "") {
    const life = step.alive(id);
    return life === undefined && step.isLearning ? ["learning"] : ["found", step.textOf(life)];
  },

  claim(step, text = "", user = "") {
    const life = lifeOf(text);
    const place = step.placeOf(user);
    if (place !== undefined && place.life !== life.life) return ["user elsewhere", step.textOf(place)];
    const holder = step.named(nameOf(life));
    const isMine = holder?.life === life.life && holder.owner === life.owner && holder.epoch === life.epoch;
    if (holder !== undefined && !isMine) return ["name taken", step.textOf(holder)];
    if (step.isLearning && (holder === undefined || place === undefined)) return ["learning"];
    if (holder === undefined) step.open(life, text);
    step.seat(life, user);
    return [holder === undefined ? "opened" : "claimed"];
  },

  release(step, id, owner, user = "") {
    const life = step.read(id);
    if (life?.owner === owner && life !== undefined) step.unseat(life, user);
    return ["done"];
  },

  finish(step, id, owner, epoch) {
    const life = step.read(id);
    if (life !== undefined && life.owner === owner && life.epoch === Number(epoch)) step.drop(life);
    return ["done"];
  },

  move(step, owner, epoch, text = "") {
    const to = lifeOf(text);
    const life = step.read(to.life);
    if (life !== undefined && life.owner === to.owner && life.epoch === to.epoch && life.offer === to.offer) return ["moved"];
    if (step.isLearning) return ["learning"];
    if (life === undefined) return ["unknown"];
    if (life.owner !== owner || life.epoch !== Number(epoch)) return ["lost"];
    step.hand(life, to, text);
    return ["moved"];
  },

  keep(step, epoch, text = "", taker = "") {
    const to = lifeOf(text);
    const life = step.read(to.life);
    if (life === undefined || step.isLearning || step.hasLease(taker)) return ["unknown"];
    if (life.owner === taker && life.epoch === Number(epoch) + 1) return ["moved"];
    if (life.owner !== to.owner) return ["unknown"];
    if (life.epoch !== to.epoch) step.hand(life, to, text);
    return ["kept"];
  },

  raise(step, text = "") {
    const to = lifeOf(text);
    const life = step.read(to.life);
    if (life !== undefined && life.epoch < to.epoch) step.hand(life, to, text);
    return ["done"];
  },

  announce(step, owner = "", part = "", livesText = "", unsettledText = "") {
    const { told, owns } = step.keys;
    step.renew(owner);
    if (part === "first" || part === "only") told.delete(owner);
    const announcement = new Announcing(step, owner);
    for (const one of JSON.parse(livesText) as { life: string; users: string[] }[]) announcement.tell(one.life, one.users);
    for (const one of JSON.parse(unsettledText) as Unsettled[]) settle(step, owner, one);
    if (part === "last" || part === "only") {
      for (const id of (owns.get(owner) ?? new Set()).difference(told.get(owner) ?? new Set())) {
        const life = step.read(id);
        if (life?.owner === owner && life !== undefined) step.drop(life);
        else remove(owns, owner, id);
      }
      told.delete(owner);
    }
    return ["told", listOf(announcement.lives), listOf(announcement.users), listOf(announcement.moved)];
  },

  renew(step, owner = "", recordText = "", leaseMs, lives, users) {
    const { leases, servers, owns, seats } = step.keys;
    leases.set(owner, step.nowMs + Number(leaseMs));
    step.renew(owner);
    servers.set(owner, recordText);
    const record = recordOf(recordText);
    for (const [other, text] of [...servers]) {
      const { durable, address } = recordOf(text);
      if (other === owner || durable || address !== record.address || step.hasLease(other)) continue;
      for (const id of [...(owns.get(other) ?? [])]) {
        const life = step.read(id);
        if (life !== undefined) step.drop(life);
      }
      owns.delete(other);
      seats.delete(other);
      step.forgetServer(other);
    }
    const isSame = (owns.get(owner)?.size ?? 0) === Number(lives) && (seats.get(owner)?.size ?? 0) === Number(users);
    return [isSame ? "renewed" : "differs"];
  },

  leave(step, owner = "") {
    step.keys.leases.delete(owner);
    if ((step.keys.owns.get(owner)?.size ?? 0) === 0) step.forgetServer(owner);
    return ["done"];
  },

  abandon(step, owner = "") {
    return step.hasLease(owner) ? ["leased"] : ["abandoned", String(sweep(step, owner))];
  },

  fleet(step) {
    const { servers, owns, renewed } = step.keys;
    const answers = ["fleet"];
    for (const [owner, text] of [...servers]) {
      const isLeased = step.hasLease(owner);
      if (step.isAbandoned(owner)) sweep(step, owner);
      const isEmpty = (owns.get(owner)?.size ?? 0) === 0;
      const isForgotten = !isLeased && isEmpty && step.nowMs - (renewed.get(owner) ?? 0) >= recordKeptMs;
      if (isForgotten) step.forgetServer(owner);
      else answers.push(text, isLeased ? "1" : "0");
    }
    return answers;
  },
};

/** What an owner tells of its lives, and what of it loses. */
class Announcing {
  readonly lives: string[] = [];
  readonly users: [life: string, user: string][] = [];
  readonly moved: string[] = [];
  readonly #step: Step;
  readonly #owner: string;

  constructor(step: Step, owner: string) {
    this.#step = step;
    this.#owner = owner;
  }

  tell(text: string, users: readonly string[]): void {
    const step = this.#step;
    const life = lifeOf(text);
    if (!this.#merge(life, text)) return;
    add(step.keys.told, this.#owner, life.life);
    for (const user of [...(step.keys.sits.get(life.life) ?? [])]) if (!users.includes(user)) step.unseat(life, user);
    for (const user of users) {
      const place = step.placeOf(user);
      if (place !== undefined && place.life !== life.life) this.users.push([life.life, user]);
      else step.seat(life, user);
    }
  }

  /** Whether the life is the owner's; if so it is there afterwards, as it was told. */
  #merge(life: Life, text: string): boolean {
    const step = this.#step;
    const other = step.read(life.life);
    if (other !== undefined) {
      const isOthers = other.epoch > life.epoch || (other.epoch === life.epoch && other.owner !== this.#owner);
      if (isOthers) this.moved.push(life.life);
      else step.hand(other, life, text);
      return !isOthers;
    }
    const rival = step.named(nameOf(life));
    const isTaken = step.keys.abandoned.has(life.life);
    if (rival !== undefined && (isTaken || rival.openedAtMs <= life.openedAtMs)) {
      this.lives.push(life.life);
      return false;
    }
    step.keys.abandoned.delete(life.life);
    if (rival !== undefined) step.drop(rival);
    step.open(life, text);
    return true;
  }
}

/** The owner does not end the life; it may know who has it since. */
function settle(step: Step, owner: string, { life: id, owner: next, epoch }: Unsettled): void {
  add(step.keys.told, owner, id);
  const life = step.read(id);
  if (life?.owner !== owner || life === undefined || next === "" || life.epoch >= epoch) return;
  const { offer: _, ...same } = life;
  const to = { ...same, owner: next, epoch };
  step.hand(life, to, JSON.stringify(to));
}

/** Takes its lives from an owner; gives how many. */
function sweep(step: Step, owner: string): number {
  const ids = [...(step.keys.owns.get(owner) ?? [])];
  for (const id of ids) {
    const life = step.read(id);
    if (life !== undefined) step.abandon(life);
    remove(step.keys.owns, owner, id);
  }
  return ids.length;
}

function noKeys(): Keys {
  return {
    ...{ generation: "", learningUntilMs: 0, lives: new Map(), names: new Map(), users: new Map(), sits: new Map() },
    ...{
      owns: new Map(),
      seats: new Map(),
      told: new Map(),
      abandoned: new Set(),
      servers: new Map(),
      renewed: new Map(),
      leases: new Map(),
    },
  };
}

function add(sets: Map<string, Set<string>>, key: string, member: string): void {
  const set = sets.get(key) ?? new Set();
  sets.set(key, set.add(member));
}

/** Says whether it was there. */
function remove(sets: Map<string, Set<string>>, key: string, member: string): boolean {
  const set = sets.get(key);
  const was = set?.delete(member) ?? false;
  if (set?.size === 0) sets.delete(key);
  return was;
}

function lifeOf(text: string): KeptLife {
  return JSON.parse(text) as KeptLife;
}

function nameOf({ game, room }: Life): string {
  return `${game}/${room}`;
}

function recordOf(text: string): { readonly durable: boolean; readonly address: string } {
  return JSON.parse(text) as { durable: boolean; address: string };
}

/** Lua knows no empty list. */
function listOf(list: readonly unknown[]): string {
  return list.length === 0 ? "{}" : JSON.stringify(list);
}
