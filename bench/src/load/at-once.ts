/** Does something with each item, with a few of them at a time. */
export const atOnce = async <Item>(
  few: number,
  items: readonly Item[],
  task: (item: Item) => Promise<void>,
): Promise<void> => {
  const left = items.values();
  const work = async (): Promise<void> => {
    for (const item of left) await task(item);
  };
  await Promise.all(Array.from({ length: few }, work));
};
