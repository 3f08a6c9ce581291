import type { Message } from '@restante/client';
import type { Strings } from '../i18n/en/index.ts';

const reason = (failure: Message['failure'], { failures }: Strings['conversation']): string => {
  switch (failure) {
    case 'not-found':
      return failures.accountGone;
    case 'message-expired':
      return failures.expired;
    case 'payload-too-large':
      return failures.tooLarge;
    case 'mailbox-full':
      return failures.mailboxFull;
    case 'file-lost':
      return failures.fileLost;
    case 'keys-changed':
      return failures.keysChanged;
    default:
      return failures.other;
  }
};

/** Why a message was not sent, in words. */
export const failureText = (
  { failure }: Pick<Message, 'failure'>,
  strings: Strings['conversation'],
): string => strings.failed(reason(failure, strings));

/** Why the last edit of a message was not sent, in words; null: it was. */
export const editFailureText = (
  { edited }: Pick<Message, 'edited'>,
  strings: Strings['conversation'],
): string | null =>
  edited?.failure === undefined ? null : strings.editFailed(reason(edited.failure, strings));
