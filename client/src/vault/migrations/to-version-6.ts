import * as z from 'zod/mini';
import type { Migration } from './migration.ts';

const conversation = z.looseObject({ verification: z.string() });

const nothing = (): [] => [];

/** What was verified were the keys of devices. The person compares the safety number once more, which is that of the account keys now. */
export const toVersion6: Migration = {
  version: 6,
  rows: {
    verifications: nothing,
    identityChanges: nothing,
    ownDevices: nothing,
    conversations: (key, value) => {
      const before = conversation.safeParse(value);
      const after = before.success ? { ...before.data, verification: 'none' } : value;
      return [{ table: 'conversations', key, value: after }];
    },
  },
};
