/**
 * The description of the admin listener, OpenAPI 3.1: what the routes' schemas say, and what
 * is true of all of them: who may ask, what every refusal is, how a repeat is asked for.
 */
import { STATUS_CODES } from "node:http";
import type { FastifyDynamicSwaggerOptions, SwaggerTransform, SwaggerTransformObject } from "@fastify/swagger";
import type { FastifySchema } from "fastify";
import { refusalSchema } from "./admin_errors.ts";
import { idempotencyKeyPattern } from "./admin_repeat_hooks.ts";

/** Of a request that asks for something and brings nothing. */
export const noBodySchema = { type: ["object", "null"], additionalProperties: false } as const;

/** Of an answer that is no JSON. */
export const textSchema = { produces: ["text/plain"], response: { 200: { type: "string" } } } as const;

const about = `Errors are one JSON object, whatever went wrong. A path that is served answers a method that is not with 405 and \`Allow\`;
HEAD is answered like GET, without a body. Without a token set the listener answers loopback only, and takes whoever asks for an operator.`;

const tags = [
  { name: "process", description: "the process itself: is it alive, ready, leaving; what does it log and count" },
  { name: "rooms", description: "rooms of a game server" },
  { name: "journal", description: "what a game server keeps" },
  { name: "sessions", description: "connections at a gate" },
  { name: "users", description: "whoever is connected to a gate, by all his sessions there" },
  { name: "servers", description: "the game servers that a gate knows" },
];

const bearer = { type: "http", scheme: "bearer" } as const;

/** What a description begins as. */
export function beginning(release: string): NonNullable<FastifyDynamicSwaggerOptions["openapi"]> {
  return {
    openapi: "3.1.0",
    info: { title: "Croupier's admin listener", version: release, description: about },
    tags,
    components: {
      securitySchemes: {
        operate: { ...bearer, description: "`ADMIN_TOKEN`: everything" },
        read: { ...bearer, description: "`ADMIN_READ_TOKEN`: what changes nothing" },
      },
    },
  };
}

/** A body that must be empty is none: in the description every body is required. */
export const described: SwaggerTransform<FastifySchema> = ({ schema, url }) => {
  const { body, ...others } = schema;
  return { schema: body === undefined || body === noBodySchema ? others : schema, url };
};

/** As much of an operation as is completed here. */
interface Operation {
  readonly security?: readonly unknown[];
  readonly parameters?: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, Response>>;
}

interface Response {
  readonly description: string;
  readonly content?: Readonly<Record<string, object>>;
  readonly headers?: object;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: object };
}

const keyParameter = {
  name: "Idempotency-Key",
  in: "header",
  description: "for 10 minutes the same request with the same key is given the first answer again, and nothing is done twice",
  schema: { type: "string", pattern: idempotencyKeyPattern },
};

const replayedHeader = {
  "Idempotent-Replayed": { description: "`true`: the answer to an earlier request with this key", schema: { type: "string" } },
};

/** Adds what is true of all operations. */
export const completed: SwaggerTransformObject = (given) => {
  if (!("openapiObject" in given)) return given.swaggerObject;
  const { openapiObject } = given;
  const { paths, components } = openapiObject as Description;
  const all = Object.entries(paths).map(([path, operations]) => {
    const each = Object.entries(operations).map(([method, operation]) => [method, completedOperation(method, operation)]);
    return [path, Object.fromEntries(each)];
  });
  const whole: unknown = {
    ...openapiObject,
    paths: Object.fromEntries(all),
    components: { ...components, schemas: { ...components.schemas, Refusal: refusalSchema } },
  };
  return whole as typeof openapiObject;
};

function completedOperation(method: string, operation: Operation): object {
  const { security, parameters = [], responses } = operation;
  if (security !== undefined) return operation; // it is open to everybody, and says itself what it answers
  const isPost = method === "post";
  const hasInput = parameters.length > 0 || method !== "get";
  const own = Object.entries(responses).map(([status, response]) => [status, answer(Number(status), response, isPost)]);
  const statuses = [401, 403, 500, 503, ...(hasInput ? [400] : []), ...(method === "get" ? [] : [413, 415]), ...(isPost ? [422] : [])];
  return {
    ...operation,
    ...(isPost || parameters.length > 0 ? { parameters: isPost ? [...parameters, keyParameter] : parameters } : {}),
    security: method === "get" ? [{ operate: [] }, { read: [] }] : [{ operate: [] }],
    responses: { ...Object.fromEntries(statuses.map((status) => [status, refusal(status)])), ...Object.fromEntries(own) },
  };
}

function answer(status: number, response: Response, isPost: boolean): object {
  if (status >= 400) return refusal(status);
  return { ...response, description: STATUS_CODES[status] ?? "", ...(isPost && { headers: replayedHeader }) };
}

function refusal(status: number): object {
  const schema = { $ref: "#/components/schemas/Refusal" };
  return { description: STATUS_CODES[status] ?? "", content: { "application/json": { schema } } };
}
