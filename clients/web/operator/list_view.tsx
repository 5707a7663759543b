/** A list with what is searched for above it and its pages below. */
import type { ComponentChildren, VNode } from "preact";
import { counted } from "#clients/croupier/words.ts";
import { filtersOf, type Pager } from "./pager.ts";
import { type Columns, Table } from "./table.tsx";

interface Props<Item> {
  readonly caption: string;
  readonly what: string;
  readonly pager: Pager<Item>;
  readonly columns: Columns<Pager<Item>["items"][number]>;
  readonly keyOf: (item: Item) => string;
  readonly onSearch: (filters: string) => void;
  /** The fields of the search. */
  readonly children: ComponentChildren;
}

export function ListView<Item>({ caption, what, pager, columns, keyOf, onSearch, children }: Props<Item>): VNode {
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    pager.reset();
    onSearch(filtersOf(event.currentTarget as HTMLFormElement));
  };
  const { items, troubles, isAsking, onNext, onBack } = pager;
  return (
    <>
      <search>
        <form class="row" onSubmit={onSubmit}>
          {children}
          <button type="submit" class="primary">
            Search
          </button>
        </form>
      </search>
      <p aria-live="polite">{isAsking ? "Asking…" : `${counted(items.length, what)} on this page.`}</p>
      {troubles.map((trouble) => (
        <p key={trouble} role="alert" class="trouble">
          {trouble}
        </p>
      ))}
      <Table caption={caption} columns={columns} items={items} keyOf={({ item }) => keyOf(item)} none={isAsking ? "Asking…" : "None."} />
      <p class="actions">
        <button type="button" class="quiet" disabled={onBack === undefined} onClick={onBack}>
          Page before
        </button>
        <button type="button" class="quiet" disabled={onNext === undefined} onClick={onNext}>
          Next page
        </button>
      </p>
    </>
  );
}
