import * as z from 'zod/mini';
import { changed, type VersionStep } from './dialect.ts';
import { errorBody, type ErrorBody, type ErrorCode } from './errors.ts';
import { newDevice, type NewAccount } from './http/accounts.ts';
import { storeResponse, type StoreResponse } from './http/messages.ts';
import { presenceUp, type PresenceUp } from './upstream/presence.ts';
import { refused, type Refused } from './downstream/refused.ts';
import { errorFrame } from './downstream/error.ts';

/** What a peer of version 4 is told in the place of an error that it does not know. */
const ERRORS_BEFORE: Partial<Record<ErrorCode, ErrorCode>> = {
  'registration-closed': 'forbidden',
  'invite-needed': 'forbidden',
  'invite-invalid': 'forbidden',
  'work-needed': 'forbidden',
  'sender-share-full': 'mailbox-full',
};

const codeBefore = (code: ErrorCode): ErrorCode => ERRORS_BEFORE[code] ?? code;
const errorBefore = ({ code, message, path, retryAfterMs, mismatches }: ErrorBody): ErrorBody => ({
  ...{ code: codeBefore(code), message },
  ...(path === undefined ? {} : { path }),
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  ...(mismatches === undefined ? {} : { mismatches }),
});

const errorBody4 = z.omit(errorBody, { work: true });

/**
 * Since version 5: an account may cost work and take an invite code; a sender has a share of a mailbox; a device says from whom it takes
 * presence and typing.
 */
export const STEP_TO_5: VersionStep = {
  upstream: {
    presence: changed(
      z.omit(presenceUp, { from: true }),
      (before) => before,
      ({ type, state, to }: PresenceUp) => ({ type, state, to }),
    ),
  },
  downstream: {
    refused: changed(
      z.extend(refused, { error: errorBody4 }),
      (before) => before,
      (frame: Refused) => ({ ...frame, error: errorBefore(frame.error) }),
    ),
    error: changed(
      z.extend(errorFrame, { error: errorBody4 }),
      (before) => before,
      (frame: z.infer<typeof errorFrame>) => ({ ...frame, error: errorBefore(frame.error) }),
    ),
  },
  bodies: {
    errorBody: changed(errorBody4, (before) => before, errorBefore),
    newAccount: changed(
      newDevice,
      (before) => before,
      ({ username, password, device }: NewAccount) => ({ username, password, device }),
    ),
    storeResponse: changed(
      storeResponse,
      (before) => before,
      ({ results }: StoreResponse) => ({
        results: results.map((result) =>
          result.status === 'stored' ? result : { ...result, code: codeBefore(result.code) },
        ),
      }),
    ),
  },
};
