/**
 * KQL, the language of Kibana's search bar, as the query that Elasticsearch gets for it: the part of the language that efk/
 * uses, and an error for the rest. Kibana's own translator is in no package of its own.
 *
 *     user.id : "7" and event.action : (sit or stand)      and binds closer than or; not
 *     error.code : *      field : word*      event.duration >= 1000000      words in no field
 */
import type { Mapping } from "./mapping.ts";

export type Query = Readonly<Record<string, unknown>>;

type Token = { readonly is: "word" | "text" | "sign"; readonly text: string };

const ranges: Readonly<Record<string, string>> = { ">=": "gte", ">": "gt", "<=": "lte", "<": "lt" };

/** @throws {Error} for what it does not understand, and for a field that the mapping does not have. */
export function translate(kql: string, mapping: Mapping): Query {
  if (kql.trim() === "") return { match_all: {} };
  const reader = new Reader(kql, mapping);
  const query = reader.either();
  reader.end();
  return query;
}

class Reader {
  readonly #tokens: Token[];
  readonly #mapping: Mapping;

  constructor(kql: string, mapping: Mapping) {
    this.#tokens = tokensOf(kql);
    this.#mapping = mapping;
  }

  either(value = (): Query => this.#term()): Query {
    const all = [this.#both(value)];
    while (this.#takes("or")) all.push(this.#both(value));
    return all.length === 1 && all[0] !== undefined ? all[0] : { bool: { should: all, minimum_should_match: 1 } };
  }

  end(): void {
    if (this.#tokens.length > 0) throw new Error(`not understood from here: ${this.#tokens.map(({ text }) => text).join(" ")}`);
  }

  #both(value: () => Query): Query {
    const all = [this.#not(value)];
    while (this.#takes("and")) all.push(this.#not(value));
    return all.length === 1 && all[0] !== undefined ? all[0] : { bool: { filter: all } };
  }

  #not(value: () => Query): Query {
    if (this.#takes("not")) return { bool: { must_not: [this.#not(value)] } };
    if (!this.#takesSign("(")) return value();
    const inner = this.either(value);
    this.#need(")");
    return inner;
  }

  #term(): Query {
    const { is, text } = this.#next();
    if (is === "sign") throw new Error(`${text} is not understood here`);
    if (is === "word" && this.#takesSign(":")) return this.#of(text);
    const sign = this.#tokens[0];
    const range = is === "word" && sign?.is === "sign" ? ranges[sign.text] : undefined;
    if (range === undefined) return { multi_match: { query: text, type: is === "text" ? "phrase" : "best_fields", lenient: true } };
    this.#next();
    this.#mapping.typeOf(text);
    return { range: { [text]: { [range]: this.#next().text } } };
  }

  /** What comes after `field :`. */
  #of(field: string): Query {
    const type = this.#mapping.typeOf(field);
    return this.#not(() => valueQuery(field, type, this.#next()));
  }

  #next(): Token {
    const token = this.#tokens.shift();
    if (token === undefined) throw new Error("it ends too early");
    return token;
  }

  #takes(word: "and" | "or" | "not"): boolean {
    const is = this.#tokens[0]?.is === "word" && this.#tokens[0].text.toLowerCase() === word;
    if (is) this.#tokens.shift();
    return is;
  }

  #takesSign(sign: string): boolean {
    const is = this.#tokens[0]?.is === "sign" && this.#tokens[0].text === sign;
    if (is) this.#tokens.shift();
    return is;
  }

  #need(sign: string): void {
    if (!this.#takesSign(sign)) throw new Error(`${sign} is missing`);
  }
}

function valueQuery(field: string, type: string, { is, text }: Token): Query {
  if (is === "sign") throw new Error(`${text} is no value`);
  if (is === "word" && text === "*") return { exists: { field } };
  if (is === "word" && text.includes("*")) {
    if (type !== "keyword") throw new Error(`${field} is ${type}: no wildcards`);
    return { wildcard: { [field]: { value: text } } };
  }
  return is === "text" ? { match_phrase: { [field]: text } } : { match: { [field]: text } };
}

function tokensOf(kql: string): Token[] {
  const tokens: Token[] = [];
  let rest = kql.trimStart();
  while (rest !== "") {
    const [all = "", text, sign, word] = /^(?:"([^"\\]*)"|(>=|<=|[():<>])|([^\s():<>"\\{}]+))/.exec(rest) ?? [];
    if (all === "") throw new Error(`not understood from here: ${rest}`);
    if (text !== undefined) tokens.push({ is: "text", text });
    else tokens.push(sign === undefined ? { is: "word", text: word ?? "" } : { is: "sign", text: sign });
    rest = rest.slice(all.length).trimStart();
  }
  return tokens;
}
