import * as z from 'zod/mini';
import type { Migration } from './migration.ts';

const session = z.looseObject({ record: z.instanceof(Uint8Array), generation: z.optional(z.number()) });

/** A session without a generation was of the first. */
export const toVersion3: Migration = {
  version: 3,
  rows: {
    sessions: (key, value) => {
      const before = session.safeParse(value);
      const after = before.success ? { ...before.data, generation: before.data.generation ?? 0 } : value;
      return [{ table: 'sessions', key, value: after }];
    },
  },
};
