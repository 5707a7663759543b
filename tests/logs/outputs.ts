/** Fluentd's outputs, as far as efk/ uses them: relabel, rewrite_tag_filter, elasticsearch. */
import type { Document, LogEvent } from "./collector.ts";
import { without } from "./filters.ts";
import type { Section } from "./fluentd_config.ts";
import { Parameters, pluginOf } from "./parameters.ts";

export interface Sink {
  /** Gives an event to a label's first step; left out: the one it is in. */
  emit(event: LogEvent, label?: string): void;
  store(document: Document): void;
}

export type Output = (event: LogEvent, sink: Sink) => void;

/** What the first fields of `strftime` are. */
const dayFormat = "%Y.%m.%d";

export function makeOutput(section: Section): Output {
  return pluginOf(section, outputs);
}

const outputs: Readonly<Record<string, (parameters: Parameters) => Output>> = {
  relabel: (parameters) => {
    const label = parameters.text("@label");
    return (event, sink) => sink.emit(event, label);
  },
  rewrite_tag_filter: rewriter,
  elasticsearch,
};

/** The first rule that matches gives the new tag, with what its groups found; what matches none is dropped, and so is an empty text. */
function rewriter(parameters: Parameters): Output {
  const rules = parameters.inner("rule").map((section) => {
    const rule = new Parameters(section);
    const read = { key: rule.text("key"), pattern: rule.regexp("pattern"), tag: rule.text("tag") };
    rule.done();
    return read;
  });
  return ({ record }, sink) => {
    for (const { key, pattern, tag } of rules) {
      const found = record[key] === "" ? null : pattern.exec(String(record[key]));
      if (found === null) continue;
      sink.emit({ tag: tag.replace(/\$(\d)/g, (_, group: string) => found[Number(group)] ?? ""), record });
      return;
    }
  };
}

/** One document per line, in the index of its day. */
function elasticsearch(parameters: Parameters): Output {
  const prefix = parameters.text("logstash_prefix");
  const idKey = parameters.text("id_key");
  const removed = parameters.list("remove_keys");
  parameters.fixed("logstash_format", "true");
  parameters.fixed("logstash_dateformat", dayFormat);
  parameters.fixed("utc_index", "true");
  parameters.fixed("write_operation", "create");
  parameters.inner("buffer");
  parameters.ignore("@id", ...connection);
  return ({ record }, sink) => {
    const when = String(record["@timestamp"] ?? record["event.created"]);
    const day = new Date(when).toISOString().slice(0, 10).replaceAll("-", ".");
    sink.store({ index: `${prefix}-${day}`, id: String(record[idKey]), source: without({ "@timestamp": when, ...record }, removed) });
  };
}

/** How it gets there; a test of the manifests looks at them. */
const connection = [
  ...["host", "port", "scheme", "ssl_version", "ca_file", "user", "password"],
  ...["verify_es_version_at_startup", "default_elasticsearch_version", "suppress_type_name"],
  ...["reload_connections", "reload_on_failure", "reconnect_on_error", "request_timeout", "log_es_400_reason"],
];
