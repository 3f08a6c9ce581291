import * as z from 'zod/mini';
import { changed, type VersionStep } from './dialect.ts';
import { errorFrame } from './downstream/error.ts';
import { refused, type Refused } from './downstream/refused.ts';
import { storedEnvelope } from './envelope.ts';
import { errorBody, type ErrorBody, type ErrorCode } from './errors.ts';
import {
  newDevice,
  registeredDevice,
  session,
  type NewAccount,
  type RegisteredDevice,
  type Session,
} from './http/accounts.ts';
import { storeRequest, storeResponse, type StoreRequest, type StoreResponse } from './http/messages.ts';
import { presenceUp, type PresenceUp } from './upstream/presence.ts';
import { recipient, send, type Send } from './upstream/send.ts';

/** What a peer of version 4 is told in the place of an error that it does not know. */
const ERRORS_BEFORE: Partial<Record<ErrorCode, ErrorCode>> = {
  'registration-closed': 'forbidden',
  'invite-needed': 'forbidden',
  'invite-invalid': 'forbidden',
  'work-needed': 'forbidden',
  'sender-share-full': 'mailbox-full',
};

const same = <T>(value: T): T => value;

const without = <T extends object, F extends keyof T & string>(
  value: T,
  ...fields: readonly F[]
): Omit<T, F> =>
  Object.fromEntries(
    Object.entries(value).filter(([name]) => !(fields as readonly string[]).includes(name)),
  ) as Omit<T, F>;

const codeBefore = (code: ErrorCode): ErrorCode => ERRORS_BEFORE[code] ?? code;
const errorBefore = (error: ErrorBody): Omit<ErrorBody, 'work'> => ({
  ...without(error, 'work'),
  code: codeBefore(error.code),
});
const error = z.omit(errorBody, { work: true });

/**
 * Since version 5: an account may cost work and take an invite code; a sender has a share of a mailbox, and a stranger a small one; a
 * device says from whom it takes presence and typing.
 */
export const STEP_TO_5: VersionStep = {
  upstream: {
    send: changed(
      z.extend(send, { recipients: z.array(z.omit(recipient, { access: true })) }),
      same,
      (frame: Send) => ({ ...frame, recipients: frame.recipients.map((one) => without(one, 'access')) }),
    ),
    presence: changed(z.omit(presenceUp, { from: true }), same, (frame: PresenceUp) =>
      without(frame, 'from'),
    ),
  },
  downstream: {
    refused: changed(z.extend(refused, { error }), same, (frame: Refused) => ({
      ...frame,
      error: errorBefore(frame.error),
    })),
    error: changed(z.extend(errorFrame, { error }), same, (frame: z.infer<typeof errorFrame>) => ({
      ...frame,
      error: errorBefore(frame.error),
    })),
  },
  bodies: {
    errorBody: changed(error, same, errorBefore),
    newAccount: changed(newDevice, same, (asked: NewAccount) => without(asked, 'work', 'invite')),
    session: changed(z.omit(session, { accessKey: true }), same, (given: Session) =>
      without(given, 'accessKey'),
    ),
    registeredDevice: changed(
      z.omit(registeredDevice, { accessKey: true }),
      same,
      (given: RegisteredDevice) => without(given, 'accessKey'),
    ),
    storeRequest: changed(
      z.extend(storeRequest, { envelopes: z.array(z.omit(storedEnvelope, { stranger: true })) }),
      same,
      ({ envelopes }: StoreRequest) => ({ envelopes: envelopes.map((one) => without(one, 'stranger')) }),
    ),
    storeResponse: changed(storeResponse, same, ({ results }: StoreResponse) => ({
      results: results.map((result) =>
        result.status === 'stored' ? result : { ...result, code: codeBefore(result.code) },
      ),
    })),
  },
};
