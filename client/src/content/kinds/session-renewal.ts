import { deviceId, messageId } from '@restante/protocol';
import * as z from 'zod/mini';
import type { Kind } from '../kind.ts';
import { earlier, v } from '../parts.ts';

/** Ids in one request for a fresh session. */
export const MAX_RENEWAL_IDS = 256;

/**
 * Comes with a fresh session. Asks the device `deviceId` of the reader to send the messages `ids` again, which
 * could not be decrypted. Empty for the other devices of the reader. `repeats`: the ratchet calls some of them
 * repetitions, so that the vault that has sent them is older than what it had sent before.
 */
const schema = z.object({
  v,
  kind: z.literal('session-renewal'),
  deviceId,
  ids: z.array(messageId).check(z.maxLength(MAX_RENEWAL_IDS)),
  repeats: z.optional(z.literal(true)),
  earlier,
});
export type SessionRenewal = z.infer<typeof schema>;

type RenewalNeeds = {
  /** Sends again what a device could not decrypt. */
  readonly renew: (renewal: SessionRenewal) => Promise<void>;
};

export const sessionRenewal: Kind<typeof schema, RenewalNeeds> = {
  schema,
  from: 'anyone',
  references: () => [],
  apply: async ({ renew }, content) => {
    await renew(content);
    return false;
  },
};
