/**
 * What an admin listener says of itself in /openapi.json, held against OpenAPI 3.1 and
 * against what it answers.
 */
import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly description?: string }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, object>> }>>;
}

export interface Document {
  readonly openapi: string;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export class Description {
  readonly document: Document;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, formats: { "date-time": dateTime } });

  /** @throws when it is no OpenAPI 3.1, by the official schema. */
  static async of(text: string): Promise<Description> {
    const validator = new Validator();
    const result = await validator.validate(JSON.parse(text) as Record<string, unknown>);
    assert.deepEqual([result.valid, result.errors ?? [], validator.version], [true, [], "3.1"]);
    return new Description(JSON.parse(text) as Document);
  }

  private constructor(document: Document) {
    this.document = document;
    this.#ajv.addSchema(document, "description");
  }

  get operations(): { path: string; method: string; operation: Operation }[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    );
  }

  /** The path that is described of one that is asked for, the one with the fewest parameters first. */
  pathOf(asked: string): string {
    const [path = ""] = asked.split("?");
    const isOf = (described: string): boolean => new RegExp(`^${described.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`).test(path);
    const [found] = Object.keys(this.document.paths)
      .filter(isOf)
      .toSorted((a, b) => a.split("{").length - b.split("{").length);
    assert.ok(found !== undefined, `${asked} is not described`);
    return found;
  }

  /** Fails unless this answer is described. Gives the operation's id. */
  judge(method: string, asked: string, answer: { status: number; type: string; text: string }): string {
    const path = this.pathOf(asked);
    const what = `${method} ${asked}: ${answer.status} ${answer.text.slice(0, 500)}`;
    const operation = this.document.paths[path]?.[method.toLowerCase()];
    const [type = ""] = answer.type.split(";");
    assert.ok(operation?.responses[answer.status]?.content[type] !== undefined, `not described, as ${type}: ${what}`);
    const pointer = ["paths", path, method.toLowerCase(), "responses", String(answer.status), "content", type, "schema"];
    const $ref = `description#/${pointer.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;
    const isSo = this.#ajv.compile({ $ref });
    assert.ok(isSo(type === "application/json" ? JSON.parse(answer.text) : answer.text), `${this.#ajv.errorsText(isSo.errors)}: ${what}`);
    return operation.operationId;
  }
}
