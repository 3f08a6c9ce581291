import { badRequest } from '../couch-error.ts';

/**
 * A place in a database's changes, as clients see it: opaque, `<number>-<mark of the database>`. A sequence of a
 * database that has been deleted and created again under the same name stands for its beginning.
 */
export function formatSequence(sequence: number, databaseUuid: string): string {
  return `${sequence}-${databaseUuid}`;
}

export function parseSequence(text: string, databaseUuid: string): number {
  if (text === '' || text === '0') return 0;
  const match = /^"?(\d{1,15})(?:-([\w-]+))?"?$/.exec(text);
  if (match === null) throw badRequest("Malformed sequence supplied in 'since' parameter.");
  const [, number, mark] = match;
  return mark === undefined || mark === databaseUuid ? Number(number) : 0;
}
