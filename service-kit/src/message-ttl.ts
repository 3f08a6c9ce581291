import { LIMITS } from '@restante/protocol';
import { z } from 'zod';

const DAY_MS = 24 * 60 * 60 * 1000;
const MOST_DAYS = LIMITS.messageTtlMs / DAY_MS;

/**
 * The variable `MESSAGE_TTL_DAYS`, in milliseconds when it has been read. Clients forget the ids of what they have shown
 * when messages cannot come any more by the protocol: no server may keep them longer.
 */
export const messageTtlDays = z.coerce
  .number()
  .positive()
  .max(MOST_DAYS, `is more than the ${MOST_DAYS} days for which clients know what they have had`)
  .transform((days) => Math.round(days * DAY_MS))
  .default(LIMITS.messageTtlMs);
