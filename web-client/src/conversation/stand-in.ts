import type { Message } from '@restante/client';
import { isBlank } from '@restante/client/blank-text';
import type { Strings } from '../i18n/en/index.ts';
import { timerText } from './timer-text.ts';

/** What is shown in the place of a text by messages that have none to be seen; null: the text is. */
export const standInFor = (
  message: Pick<Message, 'kind' | 'direction' | 'text' | 'files' | 'failure' | 'timer'>,
  { conversation: strings, timer }: Pick<Strings, 'conversation' | 'timer'>,
  name: string,
): string | null => {
  const { kind, text, files, failure } = message;
  switch (kind) {
    case 'text':
      return isBlank(text) && files === undefined ? strings.blank : null;
    case 'deleted':
      return failure === undefined ? strings.deleted : strings.deletedHereOnly;
    case 'unknown':
      return strings.unknown;
    case 'keys-changed':
      return strings.keysChanged(name);
    case 'timer':
      return timerText(message, timer, name);
  }
};
