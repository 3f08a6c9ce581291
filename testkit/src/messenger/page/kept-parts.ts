import { answered } from './answered.ts';

const NAME = 'restante-files';

/** How many parts are kept of each file. What is not there yet is not made: it would be in the messenger's way. */
export const keptParts = async (): Promise<readonly number[]> => {
  if (!(await indexedDB.databases()).some(({ name }) => name === NAME)) return [];
  const database = await answered(indexedDB.open(NAME));
  try {
    const keys = await answered(database.transaction('sizes').objectStore('sizes').getAllKeys());
    const files = Map.groupBy(keys as [file: string, part: number][], ([file]) => file);
    return [...files.values()].map((parts) => parts.length);
  } finally {
    database.close();
  }
};
