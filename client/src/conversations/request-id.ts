import { messageId } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';

/** Throws `bad-request` for what a caller may not give a request as its id. */
export const checkRequestId = (requestId: string | undefined): void => {
  if (requestId !== undefined && !messageId.safeParse(requestId).success)
    throw new MessengerError('bad-request', 'a requestId is a lower-case UUIDv7');
};
