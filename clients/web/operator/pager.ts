/** Lists of several processes as one, page by page: each says itself where its next page begins. */
import { useState } from "preact/hooks";
import type { AdminClient } from "#clients/croupier/admin.ts";
import { usePoll } from "#clients/web/shared/poll.ts";
import { troubleIn } from "./trouble.ts";

/** Of each process. */
export const pageItems = 50;
const lookEveryMs = 2000;

interface Part<Item> {
  readonly items: readonly Item[];
  /** For `after` of the next page. */
  readonly next: string | number | undefined;
}

/** Where each process's page begins; one that is left out has no more. Undefined: at the beginning, with all of them. */
type Begins = ReadonlyMap<string, string> | undefined;

export interface Pager<Item> {
  readonly items: readonly { readonly admin: AdminClient; readonly item: Item }[];
  /** Why somebody's are missing. */
  readonly troubles: readonly string[];
  readonly isAsking: boolean;
  /** Undefined: there is none, or nobody knows yet: what is shown is still the answer to another question. */
  readonly onNext: (() => void) | undefined;
  /** Undefined: this is the first. */
  readonly onBack: (() => void) | undefined;
  /** From the first page on: another question. */
  readonly reset: () => void;
}

/** `filters`: what is asked for, as a query. */
export function usePager<Item>(
  admins: readonly AdminClient[],
  filters: string,
  read: (admin: AdminClient, query: string, signal: AbortSignal) => Promise<Part<Item>>,
): Pager<Item> {
  const [begins, setBegins] = useState<readonly Begins[]>([undefined]);
  const [shown, setShown] = useState<{ readonly of: string; readonly parts: readonly Shown<Item>[] }>({ of: "", parts: [] });
  const begin = begins.at(-1);
  const asked = begin === undefined ? admins : admins.filter(({ url }) => begin.has(url));
  const question = JSON.stringify([filters, asked.map(({ url }) => [url, begin?.get(url)])]);
  usePoll(
    async (signal) => {
      const parts = await Promise.all(asked.map((admin) => partOf(admin, queryOf(filters, begin?.get(admin.url)), read, signal)));
      setShown({ of: question, parts });
    },
    lookEveryMs,
    [question],
  );
  const isAsking = shown.of !== question;
  const nexts = new Map(shown.parts.flatMap(({ admin, next }) => (next === undefined ? [] : [[admin.url, String(next)] as const])));
  return {
    items: shown.parts.flatMap(({ admin, items }) => items.map((item) => ({ admin, item }))),
    troubles: shown.parts.flatMap(({ trouble }) => trouble ?? []),
    isAsking,
    onNext: isAsking || nexts.size === 0 ? undefined : () => setBegins([...begins, nexts]),
    onBack: begins.length === 1 ? undefined : () => setBegins(begins.slice(0, -1)),
    reset: () => setBegins([undefined]),
  };
}

interface Shown<Item> extends Part<Item> {
  readonly admin: AdminClient;
  readonly trouble?: string;
}

async function partOf<Item>(
  admin: AdminClient,
  query: string,
  read: (admin: AdminClient, query: string, signal: AbortSignal) => Promise<Part<Item>>,
  signal: AbortSignal,
): Promise<Shown<Item>> {
  try {
    return { admin, ...(await read(admin, query, signal)) };
  } catch (thrown) {
    signal.throwIfAborted();
    return { admin, items: [], next: undefined, trouble: troubleIn(thrown) };
  }
}

function queryOf(filters: string, after: string | undefined): string {
  const query = new URLSearchParams(filters);
  query.set("limit", String(pageItems));
  if (after !== undefined) query.set("after", after);
  return query.toString();
}

/** The fields of a form that are filled in, as a query. */
export function filtersOf(form: HTMLFormElement): string {
  const filled = [...new FormData(form)].flatMap(([name, value]) =>
    typeof value === "string" && value.trim() !== "" ? [[name, value.trim()]] : [],
  );
  return new URLSearchParams(filled).toString();
}
