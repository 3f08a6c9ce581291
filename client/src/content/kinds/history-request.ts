import { deviceId } from '@restante/protocol';
import * as z from 'zod/mini';
import type { Kind } from '../kind.ts';
import { earlier, placeInHistory, v } from '../parts.ts';

/**
 * The sender, an own device, wants the messages that stand before a place, the newest ones first, or the newest of all. `to`: of
 * this device; without it, of whichever has them.
 */
const schema = z.object({
  v,
  kind: z.literal('history-request'),
  to: z.optional(deviceId),
  before: z.optional(placeInHistory),
  earlier,
});
export type HistoryRequest = z.infer<typeof schema>;

type HistoryRequestNeeds = {
  readonly from: { readonly deviceId: number };
  /** A part is to be given to an own device. */
  readonly giveHistory: (by: number, request: HistoryRequest) => void;
};

export const historyRequest: Kind<typeof schema, HistoryRequestNeeds> = {
  schema,
  from: 'own devices',
  references: () => [],
  apply: ({ from, giveHistory }, request) => {
    giveHistory(from.deviceId, request);
    return Promise.resolve(false);
  },
};
