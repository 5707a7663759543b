/** What a scenario is: something that happens to servers, measured for each of them, told as a table. They are in scenarios/. */
import type { Plot } from "./plot.ts";
import type { Subject } from "./subject.ts";
import type { Croupier } from "./subjects/croupier.ts";

export interface Scenario {
  /** As it is called on the command line. */
  readonly name: string;
  /** In one sentence, what happens. */
  readonly about: string;
  run(options: ScenarioOptions): Promise<Table>;
}

export interface ScenarioOptions {
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  readonly subjects: SubjectsAtHand;
}

/**
 * What is started already, and is shared by all scenarios: whoever kills a process, restarts it, or leaves thousands of rooms
 * behind starts a subject of his own.
 */
export interface SubjectsAtHand {
  /** In the order of tables; `croupier` is one of them. */
  readonly all: readonly Subject[];
  /** Ours with everything on, and the journal on a disk. */
  readonly croupier: Croupier;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly targets: readonly Target[];
  /** What `--plot` draws of it. */
  readonly plot?: Plot;
}

export interface Target {
  /** What shall be, with its limit and its unit. */
  readonly text: string;
  readonly value: number;
  readonly limit: number;
  readonly isMet: boolean;
}

/** A target that is met when the value is no more than the limit. None for what could not be measured. */
export function atMost(limit: number, value: number, text: string): readonly Target[] {
  return Number.isNaN(value) ? [] : [{ text, value, limit, isMet: value <= limit }];
}

/** The same for one that is met when the value is no less. */
export function atLeast(limit: number, value: number, text: string): readonly Target[] {
  return Number.isNaN(value) ? [] : [{ text, value, limit, isMet: value >= limit }];
}
