import { z } from 'zod';
import type { CouchServer } from './couch.ts';
import { readKept, type About } from './kept-about.ts';

/** Name of what a node keeps of what a database has been filled with. */
export const CAUGHT_UP = 'caught-up';

/**
 * What a database has been filled with. `isComplete`: at some time since the database was created it had everything that each peer
 * had. Without this it is being filled.
 */
export const caughtUp = z.object({
  peers: z.array(z.string()),
  isComplete: z.boolean().default(false),
});
export type CaughtUp = z.infer<typeof caughtUp>;

/** Null when nothing is known. @throws as `readKept` */
export const readCaughtUp = (server: CouchServer, about: About): Promise<CaughtUp | null> =>
  readKept(server, about, CAUGHT_UP, caughtUp);
