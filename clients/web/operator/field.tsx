/** An input with its label. */
import type { ComponentProps, VNode } from "preact";

type Props = ComponentProps<"input"> & { readonly label: string; readonly name: string };

export function Field({ label, ...input }: Props): VNode {
  return (
    <label>
      <span>{label}</span>
      <input {...input} />
    </label>
  );
}
