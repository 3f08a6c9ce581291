import type { Message } from '@restante/client';
import type { Strings } from '../i18n/en/index.ts';

/** Why a message was not sent, in words. */
export const failureText = (
  { failure }: Pick<Message, 'failure'>,
  { failed, failures }: Strings['conversation'],
): string => {
  switch (failure) {
    case 'not-found':
      return failed(failures.accountGone);
    case 'message-expired':
      return failed(failures.expired);
    case 'payload-too-large':
      return failed(failures.tooLarge);
    case 'mailbox-full':
      return failed(failures.mailboxFull);
    case 'keys-changed':
      return failed(failures.keysChanged);
    default:
      return failed(failures.other);
  }
};
