/** What a player can say: a form for each command of the game, and one for any number with any bytes. */
import { type DescField, type DescMessage, fromJson, type JsonValue, ScalarType, toBinary } from "@bufbuild/protobuf";
import { useId, useState } from "preact/hooks";
import type { GameProtocol, MessageKind } from "#protocol/game_protocol.ts";

interface CommandFormProps {
  readonly game: GameProtocol;
  onSend(command: number, body: Uint8Array): void;
}

export function CommandForms({ game, onSend }: CommandFormProps) {
  return (
    <div class="commands">
      {Object.entries(game.commands).map(([name, kind]) => (
        <KindForm key={name} name={name} kind={kind} onSend={onSend} />
      ))}
      <RawForm onSend={onSend} />
    </div>
  );
}

function KindForm({ name, kind: [command, schema], onSend }: { name: string; kind: MessageKind; onSend: CommandFormProps["onSend"] }) {
  const [fault, setFault] = useState("");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    setFault(faultOf(() => onSend(command, schema === undefined ? new Uint8Array() : bodyOf(schema, data))));
  };
  return (
    <form class="command" onSubmit={submit}>
      {schema?.fields.map((field) => (
        <FieldInput key={field.name} field={field} />
      ))}
      <button type="submit">{name}</button>
      <Fault text={fault} />
    </form>
  );
}

function FieldInput({ field }: { field: DescField }) {
  const { jsonName: name } = field;
  const id = useId();
  return (
    <label for={id}>
      {name} <FieldControl id={id} name={name} field={field} />
    </label>
  );
}

function FieldControl({ id, name, field }: { id: string; name: string; field: DescField }) {
  if (field.fieldKind === "enum")
    return (
      <select id={id} name={name}>
        {field.enum.values.map((value) => (
          <option key={value.name}>{value.name}</option>
        ))}
      </select>
    );
  if (field.fieldKind !== "scalar") return <input id={id} name={name} placeholder="JSON" />;
  if (field.scalar === ScalarType.BOOL) return <input id={id} name={name} type="checkbox" value="true" />;
  return <input id={id} name={name} placeholder={isText(field) ? "" : "0"} inputMode={isText(field) ? "text" : "decimal"} />;
}

function RawForm({ onSend }: { onSend: CommandFormProps["onSend"] }) {
  const [fault, setFault] = useState("");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const hex = String(data.get("hex")).replaceAll(" ", "");
    setFault(faultOf(() => onSend(Number(data.get("command")), Uint8Array.fromHex(hex))));
  };
  return (
    <form class="command" onSubmit={submit}>
      <label>
        command <input name="command" type="number" min="0" max="4294967295" required />
      </label>
      <label>
        body <input name="hex" placeholder="hex, such as 0806" pattern="([0-9a-fA-F]{2} ?)*" />
      </label>
      <button type="submit">send</button>
      <Fault text={fault} />
    </form>
  );
}

function Fault({ text }: { text: string }) {
  return text === "" ? null : <p role="alert">{text}</p>;
}

function faultOf(act: () => void): string {
  try {
    act();
    return "";
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** What is left empty is not written. */
function bodyOf(schema: DescMessage, data: FormData): Uint8Array {
  const given = schema.fields.map((field): [string, JsonValue | undefined] => [field.jsonName, jsonOf(field, data.get(field.jsonName))]);
  const json = Object.fromEntries(given.filter((entry): entry is [string, JsonValue] => entry[1] !== undefined));
  return toBinary(schema, fromJson(schema, json));
}

function jsonOf(field: DescField, value: FormDataEntryValue | null): JsonValue | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  if (field.fieldKind === "enum" || isText(field)) return value;
  if (field.fieldKind === "scalar" && field.scalar !== ScalarType.BOOL) return value;
  return JSON.parse(value) as JsonValue;
}

function isText(field: DescField): boolean {
  return field.fieldKind === "scalar" && (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES);
}
