/** The Elasticsearch of the tests: the project's index template, documents in bulk, searches. Every error is thrown. */
import type { Document, LogRecord } from "./collector.ts";
import { readJson } from "./efk.ts";
import type { Query } from "./kql.ts";
import { Mapping } from "./mapping.ts";

const bulkDocuments = 2000;
/** More than a scenario says. */
const hitsMax = 10_000;

export interface Hit {
  readonly _id: string;
  readonly _index: string;
  readonly _source: LogRecord;
}

interface BulkAnswer {
  readonly errors: boolean;
  readonly items: readonly { readonly create: { readonly status: number; readonly error?: unknown } }[];
}

interface Mapped {
  readonly mappings: { readonly properties: ConstructorParameters<typeof Mapping>[0] };
}

export const template = readJson<{ template: Mapped }>("index-template.json");
/** The fields that the template has. */
export const templateMapping = new Mapping(template.template.mappings.properties);

export class Elastic {
  readonly #url: string;

  /** Puts the template as it is, without what it is composed of, and takes away what earlier runs have left. */
  static async open(url: string): Promise<Elastic> {
    const elastic = new Elastic(url);
    for (const index of (await elastic.mappings()).keys()) await elastic.#ask("DELETE", `/${index}`);
    await elastic.#ask("PUT", "/_index_template/fluentd", template);
    return elastic;
  }

  private constructor(url: string) {
    this.#url = url;
  }

  /** Gives what was refused, but for documents that are there already. */
  async index(documents: readonly Document[]): Promise<unknown[]> {
    const refused: unknown[] = [];
    for (let at = 0; at < documents.length; at += bulkDocuments) {
      const lines = documents
        .slice(at, at + bulkDocuments)
        .flatMap(({ index, id, source }) => [{ create: { _index: index, _id: id } }, source]);
      const body = `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
      const { items } = await this.#ask<BulkAnswer>("POST", "/_bulk", body);
      refused.push(...items.filter(({ create }) => create.status !== 201 && create.status !== 409).map(({ create }) => create.error));
    }
    await this.#ask("POST", "/fluentd-*/_refresh");
    return refused;
  }

  /** The newest last: by the line's own time, then by the node's. */
  async search(query: Query): Promise<Hit[]> {
    const sort = [{ "@timestamp": "asc" }, { "event.created": "asc" }];
    const { hits } = await this.#ask<{ hits: { hits: Hit[] } }>("POST", "/fluentd-*/_search", { query, sort, size: hitsMax });
    return hits.hits;
  }

  async count(query: Query): Promise<number> {
    return (await this.#ask<{ count: number }>("POST", "/fluentd-*/_count", { query })).count;
  }

  async aggregate<Answer>(query: Query, aggs: Query): Promise<Answer> {
    return (await this.#ask<{ aggregations: Answer }>("POST", "/fluentd-*/_search", { query, aggs, size: 0 })).aggregations;
  }

  /** What the indices have become, by name. */
  async mappings(): Promise<ReadonlyMap<string, Mapping>> {
    const all = await this.#ask<Record<string, Mapped>>("GET", "/fluentd-*/_mapping");
    return new Map(Object.entries(all).map(([index, { mappings }]) => [index, new Mapping(mappings.properties)]));
  }

  async #ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const type = typeof body === "string" ? "application/x-ndjson" : "application/json";
    const response = await fetch(this.#url + path, {
      method,
      ...(body !== undefined && { body: text, headers: { "content-type": type } }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer}`);
    return JSON.parse(answer) as Answer;
  }
}
