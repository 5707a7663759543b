/** Calls `act` for each item, `width` of them at once, in their order. */
export async function atOnce<Item>(width: number, items: Iterable<Item>, act: (item: Item) => Promise<void>): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let { value, done } = waiting.next(); !done; { value, done } = waiting.next()) await act(value as Item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
