import { z } from 'zod';

/**
 * Where a database says what it has been filled with: it is not replicated, and is lost with the database. `isComplete`: at some time
 * since the database was created it had everything that each peer had. Without this document it is being filled.
 */
export const CAUGHT_UP_DOCUMENT = '_local/restante-caught-up';

export const caughtUpDocument = z.looseObject({
  peers: z.array(z.string()),
  isComplete: z.boolean().default(false),
  _rev: z.string(),
});
