/** The reference of the admin listener, in Markdown, made of what it says of itself in /openapi.json. */
import { tableOf } from "./marked.ts";

/** As much of a description as is told. */
export interface Described {
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
}

interface DescribedOperation {
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Content }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** Said once, at the top. */
const everywhere: ReadonlySet<string> = new Set(["Idempotency-Key"]);
/** Statuses that each operation may answer with, beside its own. */
const always: ReadonlySet<string> = new Set(["200", "400", "401", "403", "413", "415", "422", "500", "503"]);

const head = `# The admin API

What every process answers at its admin port (60009). This page is made of what a process says of itself at \`GET /openapi.json\`, by \`node
tests/support/write_admin_reference.ts\`; that description is OpenAPI 3.1, for whoever wants a client made. Who may ask, what is written down, and from
where a web page may: [ARCHITECTURE §7](../ARCHITECTURE.md#7-watching). The command line for it is \`croupier\`: [README](../README.md#the-operators-command-line).`;

const rules = `Every POST takes an \`Idempotency-Key\` (1 to 64 letters, digits, \`_\` and \`-\`): for 10 minutes the same request with the same key is given the first answer again,
with \`Idempotent-Replayed: true\`, and nothing is done twice. Refusals are \`{"statusCode", "error", "message"}\`: 400 what is asked for is none, 401 no good token, 403 a token that
may only read, 413 and 415 a body that is too long or no JSON, 422 another request came with this key, 500 a failure of ours, 503 not now. Those of an operation's own stand
with it. Fields that are marked with \`?\` may be left out.`;

export function adminReference({ info, tags, paths }: Described): string {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );
  const sections = tags.flatMap(({ name, description }) => [
    `## ${name[0]?.toUpperCase()}${name.slice(1)}`,
    `${description[0]?.toUpperCase()}${description.slice(1)}.`,
    ...all.filter(({ operation }) => operation.tags.includes(name)).map((one) => sectionOf(one.name, one.operation)),
  ]);
  return `${[head, info.description, rules, ...sections].join("\n\n")}\n`;
}

function sectionOf(name: string, { summary, security, parameters = [], requestBody, responses }: DescribedOperation): string {
  const given = parameters.filter((parameter) => !everywhere.has(parameter.name)).map(parameterRow);
  const body = fieldsOf(schemaIn(requestBody?.content));
  const answer = fieldsOf(schemaIn(responses["200"]?.content));
  const own = Object.keys(responses).filter((status) => !always.has(status));
  return [
    `### \`${name}\``,
    `${summary} ${roleIn(security)}${own.length === 0 ? "" : ` Refused with ${own.join(" or ")}.`}`,
    ...(given.length === 0 ? [] : [tableOf(["asked with", "in", "type", "what it is"], given)]),
    ...(body.length === 0 ? [] : [tableOf(["body", "type", "what it is"], body)]),
    ...(answer.length === 0 ? [] : [tableOf(["answer", "type", "what it is"], answer)]),
  ].join("\n\n");
}

function roleIn(security: readonly object[]): string {
  if (security.length === 0) return "**Anybody** may ask.";
  return security.some((one) => "read" in one) ? "Role: **read**." : "Role: **operate**.";
}

function parameterRow({ name, in: place, required = false, description = "", schema }: Parameter): string[] {
  return [named(name, required), place, typeOf(schema), description || (schema.description ?? "")];
}

function schemaIn(content: Content | undefined): Schema | undefined {
  return content?.["application/json"]?.schema;
}

/** Fields within fields are written as they are reached. */
function fieldsOf(schema: Schema | undefined, within = ""): string[][] {
  const { properties = {}, required = [] } = schema ?? {};
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${within}${name}`;
    const row = [named(path, required.includes(name)), typeOf(field), field.description ?? ""];
    return [row, ...fieldsOf(field, `${path}.`), ...fieldsOf(field.items, `${path}[].`)];
  });
}

function named(name: string, isRequired: boolean): string {
  return isRequired ? `\`${name}\`` : `\`${name}\`?`;
}

function typeOf({ type = "", enum: words, items, default: byDefault, minimum, maximum, maxLength }: Schema): string {
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(" ");
  const isSafeInteger = maximum === Number.MAX_SAFE_INTEGER;
  const limits = [
    ...(minimum === undefined ? [] : [`from ${minimum}`]),
    ...(maximum === undefined || isSafeInteger ? [] : [`to ${maximum}`]),
    ...(maxLength === undefined ? [] : [`${maxLength} characters at most`]),
    ...(byDefault === undefined ? [] : [`default ${byDefault}`]),
  ];
  const what = items === undefined ? type : `list of ${items.type ?? "values"}s`;
  return limits.length === 0 ? what : `${what}, ${limits.join(" ")}`;
}
