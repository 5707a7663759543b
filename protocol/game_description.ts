/**
 * A game's names and schemas as JSON: for tools that meet a game at run time, such as the playground. A protocol is described
 * where the game is, and read where it is not.
 */
import { create, createFileRegistry, type DescFile, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { GameProtocol, GameRefusals, MessageKind, MessageKinds } from "./game_protocol.ts";

interface KindDescription {
  readonly name: string;
  readonly command: number;
  /** Full name of the message; left out: the body is empty. */
  readonly type?: string;
}

export interface GameDescription {
  readonly name: string;
  readonly commands: readonly KindDescription[];
  readonly events: readonly KindDescription[];
  readonly refusals: GameRefusals;
  /** Base64 of a FileDescriptorSet that has every type. */
  readonly schemas: string;
}

export function describeGame({ name, commands, events, refusals }: GameProtocol): GameDescription {
  const kinds = [...Object.values(commands), ...Object.values(events)];
  const files = new Set(kinds.flatMap(([, schema]) => (schema === undefined ? [] : withDependencies(schema.file))));
  const set = create(FileDescriptorSetSchema, { file: [...files].map(({ proto }) => proto) });
  const schemas = toBinary(FileDescriptorSetSchema, set).toBase64();
  return { name, commands: describeKinds(commands), events: describeKinds(events), refusals, schemas };
}

/** @throws when it is no description. */
export function readDescription({ name, commands, events, refusals, schemas }: GameDescription): GameProtocol {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Uint8Array.fromBase64(schemas)));
  const read = (kinds: readonly KindDescription[]): MessageKinds =>
    Object.fromEntries(
      kinds.map(({ name: kind, command, type }): [string, MessageKind] => {
        const schema = type === undefined ? undefined : registry.getMessage(type);
        return [kind, schema === undefined ? [command] : [command, schema]];
      }),
    );
  return { name, commands: read(commands), events: read(events), refusals };
}

function describeKinds(kinds: MessageKinds): KindDescription[] {
  return Object.entries(kinds).map(([name, [command, schema]]) => ({ name, command, ...(schema && { type: schema.typeName }) }));
}

/** What a file needs comes before it. */
function withDependencies(file: DescFile): DescFile[] {
  return [...file.dependencies.flatMap(withDependencies), file];
}
