import { notImplemented } from '../couch-error.ts';
import type { Database } from '../storage/database.ts';

/** Answers a request that would run a function of a design document: there is none, or it is not run here. */
export async function refuseDesignCode(database: Database, designName: string): Promise<never> {
  await database.read(`_design/${designName}`);
  throw notImplemented('Functions of design documents are never run here.');
}
