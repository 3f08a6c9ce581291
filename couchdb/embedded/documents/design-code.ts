import { notFound, notImplemented } from '../couch-error.ts';
import type { Database } from '../storage/database.ts';

/** Answers a request that would run a function of a design document: there is none, or it is not run here. */
export async function refuseDesignCode(database: Database, designName: string): Promise<never> {
  const design = await database.read(`_design/${designName}`);
  if (design === undefined) throw notFound('missing');
  throw notImplemented('Functions of design documents are never run here.');
}
