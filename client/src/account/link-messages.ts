import { accountId, deviceName, grantToken, listedDevice, username } from '@restante/protocol';
import * as z from 'zod/mini';
import { MessengerError } from '../messenger-error.ts';

/** What a device of the account tells the one that it links. */
const invitation = z.object({
  accountId,
  username,
  /** Base64 of the account key's private half. */
  privateKey: z.string().check(z.length(44)),
  /** Of the newest device list that it knows: the new device takes none before that. */
  generation: z.int().check(z.positive()),
  grant: grantToken,
});
export type Invitation = z.infer<typeof invitation>;

const applicant = z.object({ identityKey: listedDevice.shape.identityKey, name: deviceName });

const read = <T>(schema: z.ZodMiniType<T>, text: string): T => {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new MessengerError('link-altered', 'what the other device has said cannot be read');
  }
};

/** Throws `link-altered`. What a later version adds is left out. */
export const readInvitation = (text: string): Invitation => read(invitation, text);
export const readApplicant = (text: string): z.infer<typeof applicant> => read(applicant, text);
