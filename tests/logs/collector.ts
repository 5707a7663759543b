/**
 * Does to lines what Fluentd's configuration says: sources give events to a label, whose filters and matches they pass in
 * order until one takes them. Plugins are in filters.ts and outputs.ts, each with the parameters that efk/ uses; what is not
 * known there is an error, so a change of the configuration cannot pass unnoticed.
 */
import { matchesGlob } from "node:path";
import { type Filter, makeFilter } from "./filters.ts";
import { readFluentdConfig, type Section } from "./fluentd_config.ts";
import { makeOutput, type Output, type Sink } from "./outputs.ts";
import { Parameters } from "./parameters.ts";

export type LogRecord = Readonly<Record<string, unknown>>;

export interface LogEvent {
  readonly tag: string;
  readonly record: LogRecord;
}

/** One operation of a bulk request. */
export interface Document {
  readonly index: string;
  readonly id: string;
  readonly source: LogRecord;
}

interface Step {
  readonly tags: readonly string[];
  readonly filter?: Filter;
  readonly output?: Output;
}

interface Tail {
  readonly label: string;
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
  readonly pathKey: string;
  readonly tagPrefix: string;
  readonly line: RegExp;
}

export class Collector {
  readonly documents: Document[] = [];
  /** Lines of files that are no lines of a container runtime. */
  readonly unmatched: string[] = [];
  readonly #tail: Tail;
  readonly #labels: ReadonlyMap<string, readonly Step[]>;

  constructor(config: string, env: Readonly<Record<string, string>>) {
    const sections = readFluentdConfig(config, env);
    this.#tail = readTail(sections);
    this.#labels = new Map(
      sections.filter(({ name }) => name === "label").map(({ argument, sections: steps }) => [argument, readSteps(steps)]),
    );
  }

  /** Which files of the node are read, in the order in which they are found. */
  finds(paths: readonly string[]): string[] {
    const { paths: patterns, exclude } = this.#tail;
    const left = paths.filter((path) => !exclude.some((pattern) => matchesGlob(path, pattern))).toSorted();
    return patterns.flatMap((pattern) => left.filter((path) => matchesGlob(path, pattern)));
  }

  /** Lines of a file, byte by byte (latin1), in order; `path`: on the node. */
  take(path: string, lines: Iterable<string>): void {
    const { label, line: expression, pathKey, tagPrefix } = this.#tail;
    const tag = tagPrefix + path.replaceAll("/", ".").replace(/^\.+/, "");
    for (const line of lines) {
      const found = expression.exec(line)?.groups;
      if (found === undefined) this.unmatched.push(line);
      else this.#emit(label, { tag, record: { ...found, [pathKey]: path } });
    }
  }

  /** Nothing has come for long enough: what waited for its rest goes on without it. */
  flush(): void {
    for (const steps of this.#labels.values())
      for (const { filter } of steps)
        if (filter?.flush !== undefined) for (const { label, event } of filter.flush()) this.#emit(label, event);
  }

  #emit(label: string, event: LogEvent, from = 0): void {
    const steps = this.#labels.get(label);
    if (steps === undefined) throw new Error(`there is no <label ${label}>`);
    for (const [at, { tags, filter, output }] of steps.entries()) {
      if (at < from || !tags.some((pattern) => matchesTag(event.tag, pattern))) continue;
      if (output !== undefined) {
        output(event, this.#sink(label));
        return;
      }
      for (const next of filter?.pass(event) ?? []) this.#emit(label, next, at + 1);
      return;
    }
    throw new Error(`nothing takes ${event.tag} in ${label}`);
  }

  #sink(label: string): Sink {
    return {
      emit: (event, to = label) => this.#emit(to, event),
      store: (document) => this.documents.push(document),
    };
  }
}

function readSteps(sections: readonly Section[]): Step[] {
  return sections.map((section) => {
    const tags = section.argument.split(" ");
    return section.name === "filter" ? { tags, filter: makeFilter(section) } : { tags, output: makeOutput(section) };
  });
}

/** `pods.**`: pods and whatever is below; otherwise the tag itself. */
function matchesTag(tag: string, pattern: string): boolean {
  if (!pattern.endsWith(".**")) return tag === pattern;
  const head = pattern.slice(0, -".**".length);
  return tag === head || tag.startsWith(`${head}.`);
}

/** The one source that has lines. */
function readTail(sections: readonly Section[]): Tail {
  const sources = sections.filter(({ name, parameters }) => name === "source" && parameters.get("@type") !== "monitor_agent");
  const [source, ...others] = sources;
  if (source === undefined || others.length > 0) throw new Error("there is not one source of lines");
  const parameters = new Parameters(source);
  parameters.fixed("@type", "tail");
  const tag = parameters.text("tag");
  const tail = {
    label: parameters.text("@label"),
    paths: parameters.list("path"),
    exclude: JSON.parse(parameters.text("exclude_path")) as string[],
    pathKey: parameters.text("path_key"),
    tagPrefix: tag.replace(/\*$/, ""),
    line: readLines(parameters.one("parse")),
  };
  parameters.fixed("glob_policy", "extended");
  parameters.fixed("follow_inodes", "true");
  parameters.fixed("read_from_head", "true");
  parameters.ignore("@id", "pos_file", "pos_file_compaction_interval", "rotate_wait", "refresh_interval");
  parameters.done();
  return tail;
}

function readLines(section: Section): RegExp {
  const parse = new Parameters(section);
  parse.fixed("@type", "regexp");
  parse.fixed("time_key", "time");
  parse.fixed("time_format", "%iso8601");
  parse.fixed("keep_time_key", "true");
  const expression = parse.regexp("expression");
  parse.done();
  return expression;
}
