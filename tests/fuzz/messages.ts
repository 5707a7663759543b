/** Any message of a protobuf schema: each field what its kind allows, or what others of its name are known to be. */
import { create, type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import fc from "fast-check";

/** By a field's name, what is worth saying there. */
export type Known = Readonly<Record<string, fc.Arbitrary<unknown>>>;

const listMax = 4;

export function messageOf<Schema extends DescMessage>(schema: Schema, known: Known): fc.Arbitrary<MessageShape<Schema>> {
  return initOf(schema, known, 0).map((init) => create(schema, init as Parameters<typeof create<Schema>>[1])) as fc.Arbitrary<
    MessageShape<Schema>
  >;
}

function initOf(schema: DescMessage, known: Known, depth: number): fc.Arbitrary<object> {
  const plain = schema.fields.filter(({ oneof }) => oneof === undefined);
  const fields = Object.fromEntries(plain.map((field) => [field.localName, fieldOf(field, known, depth)]));
  const choices = schema.oneofs.map(({ localName, fields: members }): [string, fc.Arbitrary<unknown>] => [
    localName,
    fc.oneof(...members.map((member) => fc.record({ case: fc.constant(member.localName), value: fieldOf(member, known, depth) }))),
  ]);
  return fc.record({ ...fields, ...Object.fromEntries(choices) }, { requiredKeys: choices.map(([name]) => name) as [] });
}

function fieldOf(field: DescField, known: Known, depth: number): fc.Arbitrary<unknown> {
  const usual = known[field.localName];
  if (field.fieldKind === "message") return initOf(field.message, known, depth + 1);
  if (field.fieldKind === "list") {
    const item = field.listKind === "message" ? initOf(field.message, known, depth + 1) : either(usual, field.scalar);
    return fc.array(item, { maxLength: depth > 2 ? 1 : listMax });
  }
  if (field.fieldKind === "enum") return fc.integer({ min: 0, max: 4 });
  if (field.fieldKind === "map") return fc.constant({});
  return either(usual, field.scalar);
}

function either(usual: fc.Arbitrary<unknown> | undefined, scalar: ScalarType | undefined): fc.Arbitrary<unknown> {
  if (usual === undefined) return scalarOf(scalar);
  return fc.oneof({ weight: 5, arbitrary: usual.map((value) => asScalar(value, scalar)) }, { weight: 1, arbitrary: scalarOf(scalar) });
}

/** Fields of one name may be of different kinds. */
function asScalar(value: unknown, scalar: ScalarType | undefined): unknown {
  if (scalar === ScalarType.STRING) return String(value);
  if (scalar === ScalarType.BYTES) return value instanceof Uint8Array ? value : new Uint8Array(0);
  if (scalar === ScalarType.BOOL) return Boolean(value);
  if (scalar === ScalarType.DOUBLE) return Number(value);
  const whole = Number.isInteger(Number(value)) ? Number(value) : 0;
  if (scalar === ScalarType.INT64) return BigInt(whole);
  return scalar === ScalarType.INT32 ? whole | 0 : whole >>> 0;
}

function scalarOf(scalar: ScalarType | undefined): fc.Arbitrary<unknown> {
  switch (scalar) {
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.STRING:
      return fc.oneof(fc.constantFrom("", "__proto__", "x"), fc.string());
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 40 });
    case ScalarType.DOUBLE:
      return fc.double();
    case ScalarType.INT64:
      return fc.oneof(fc.bigInt({ min: -3n, max: 9n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
    case ScalarType.INT32:
      return fc.oneof(fc.integer({ min: -2, max: 9 }), fc.integer());
    default:
      return fc.oneof(fc.nat(9), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  }
}
