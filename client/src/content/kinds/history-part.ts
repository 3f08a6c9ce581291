import { deviceId } from '@restante/protocol';
import * as z from 'zod/mini';
import type { Kind } from '../kind.ts';
import { earlier, placeInHistory, v } from '../parts.ts';
import { storedArchive } from '../stored-archive.ts';

/** What the own device `to` has asked for: the messages before the place that it has named, and the place of the last of them. */
const schema = z.object({
  v,
  kind: z.literal('history-part'),
  to: deviceId,
  before: z.optional(placeInHistory),
  /** From here on there is more; without it, there is none. */
  next: z.optional(placeInHistory),
  /** Absent: there is nothing before that place. */
  archive: z.optional(storedArchive),
  /** How many messages the sender has, of all times. */
  total: z.int().check(z.nonnegative()),
  earlier,
});
export type HistoryPart = z.infer<typeof schema>;

type HistoryPartNeeds = {
  readonly from: { readonly deviceId: number };
  readonly takeHistory: (from: number, part: HistoryPart) => Promise<void>;
};

export const historyPart: Kind<typeof schema, HistoryPartNeeds> = {
  schema,
  from: 'own devices',
  references: () => [],
  apply: async ({ from, takeHistory }, part) => {
    await takeHistory(from.deviceId, part);
    return false;
  },
};
