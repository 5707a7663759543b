/** Fluentd's filters, as far as efk/ uses them: concat, parser, record_transformer, elasticsearch_genid. */
import { createHash } from "node:crypto";
import type { LogEvent, LogRecord } from "./collector.ts";
import type { Section } from "./fluentd_config.ts";
import { Parameters, pluginOf } from "./parameters.ts";

export interface Filter {
  pass(event: LogEvent): LogEvent[];
  /** What it has kept back, and the label that gets it. */
  flush?(): { readonly label: string; readonly event: LogEvent }[];
}

export function makeFilter(section: Section): Filter {
  return pluginOf(section, filters);
}

const filters: Readonly<Record<string, (parameters: Parameters) => Filter>> = {
  concat: (parameters) => new Concat(parameters),
  parser,
  record_transformer: transformer,
  elasticsearch_genid: genid,
};

/** Joins the parts of a line, of each stream on its own: bytes, of which only the whole is sure to be text. */
class Concat implements Filter {
  readonly #key: string;
  readonly #separator: string;
  readonly #partKey: string;
  readonly #partValue: string;
  readonly #streamKey: string;
  readonly #bytesMax: number;
  readonly #timeoutLabel: string;
  readonly #waiting = new Map<string, { readonly first: LogEvent; text: string }>();

  constructor(parameters: Parameters) {
    this.#key = parameters.text("key");
    this.#separator = parameters.text("separator");
    this.#partKey = parameters.text("partial_key");
    this.#partValue = parameters.text("partial_value");
    this.#streamKey = parameters.text("stream_identity_key");
    this.#bytesMax = Number(parameters.text("buffer_limit_size"));
    this.#timeoutLabel = parameters.text("timeout_label");
    parameters.fixed("use_first_timestamp", "true");
    parameters.fixed("buffer_overflow_method", "new");
    parameters.ignore("flush_interval");
  }

  pass(event: LogEvent): LogEvent[] {
    const { tag, record } = event;
    const stream = `${tag}:${record[this.#streamKey]}`;
    const text = String(record[this.#key]);
    const before = this.#waiting.get(stream);
    const isTooLong = before !== undefined && before.text.length + text.length > this.#bytesMax;
    const passed = isTooLong ? [this.#joined(before)] : [];
    const waiting = before === undefined || isTooLong ? { first: event, text } : { ...before, text: before.text + this.#separator + text };
    this.#waiting.set(stream, waiting);
    if (record[this.#partKey] === this.#partValue) return passed;
    this.#waiting.delete(stream);
    return [...passed, this.#joined(waiting)];
  }

  flush() {
    const all = [...this.#waiting.values()].map(({ first: { tag, record }, text }) => ({
      label: this.#timeoutLabel,
      event: { tag, record: { ...record, [this.#key]: decoded(text) } },
    }));
    this.#waiting.clear();
    return all;
  }

  #joined({ first, text }: { first: LogEvent; text: string }): LogEvent {
    return { tag: first.tag, record: without({ ...first.record, [this.#key]: decoded(text) }, [this.#partKey]) };
  }
}

function decoded(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString();
}

/** A field becomes fields; when it cannot be read the record stays as it is. */
function parser(parameters: Parameters): Filter {
  const key = parameters.text("key_name");
  parameters.fixed("reserve_data", "true");
  parameters.fixed("reserve_time", "true");
  parameters.fixed("emit_invalid_record_to_error", "false");
  const isRemoved = parameters.text("remove_key_name_field", "false") === "true";
  const parse = readParse(new Parameters(parameters.one("parse")));
  return {
    pass: ({ tag, record }) => {
      const parsed = parse(String(record[key]));
      if (parsed === undefined) return [{ tag, record }];
      return [{ tag, record: { ...(isRemoved ? without(record, [key]) : record), ...parsed } }];
    },
  };
}

function readParse(parse: Parameters): (text: string) => LogRecord | undefined {
  const type = parse.text("@type");
  if (type === "json") {
    parse.done();
    return parseJson;
  }
  if (type !== "regexp") throw new Error(`the tests do not know the parser ${type}`);
  const expression = parse.regexp("expression");
  const integers = parse.list("types").map((item) => {
    const [name = "", of] = item.split(":");
    if (of !== "integer") throw new Error(`the tests do not know the type ${of}`);
    return name;
  });
  parse.done();
  return (text) => {
    const groups = expression.exec(text)?.groups;
    if (groups === undefined) return undefined;
    return { ...groups, ...Object.fromEntries(integers.map((name) => [name, Number(groups[name])])) };
  };
}

function parseJson(text: string): LogRecord | undefined {
  try {
    return JSON.parse(text) as LogRecord;
  } catch {
    return undefined;
  }
}

/** Sets fields; a value that is one placeholder keeps its type. */
function transformer(parameters: Parameters): Filter {
  const record = [...parameters.one("record").parameters];
  const removed = parameters.list("remove_keys");
  return {
    pass: ({ tag, record: before }) => {
      const set = record.map(([name, value]) => [name, expand(value, before)] as const);
      return [{ tag, record: without({ ...before, ...Object.fromEntries(set) }, removed) }];
    },
  };
}

function expand(value: string, record: LogRecord): unknown {
  const [, key] = /^\$\{record\["([^"]+)"\]\}$/.exec(value) ?? [];
  if (key !== undefined) return record[key];
  if (value.includes("${")) throw new Error(`the tests cannot expand ${value}`);
  return value;
}

/** The same line has the same id. */
function genid(parameters: Parameters): Filter {
  const key = parameters.text("hash_id_key");
  const seedKeys = parameters.list("record_keys");
  const type = parameters.text("hash_type");
  parameters.fixed("use_record_as_seed", "true");
  parameters.fixed("include_tag_in_seed", "true");
  return {
    pass: ({ tag, record }) => {
      const seed = [tag, ...seedKeys.map((name) => record[name])].join("_");
      return [{ tag, record: { ...record, [key]: createHash(type).update(seed).digest("base64") } }];
    },
  };
}

export function without(record: LogRecord, names: readonly string[]): LogRecord {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}
