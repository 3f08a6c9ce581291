import type { Message } from '@restante/client';
import { isBlank } from '@restante/client/blank-text';
import type { Strings } from '../i18n/en/index.ts';

/** What is shown in the place of a text by messages that have none to be seen; null: the text is. */
export const standInFor = (
  { kind, text, files, failure }: Pick<Message, 'kind' | 'text' | 'files' | 'failure'>,
  strings: Strings['conversation'],
  name: string,
): string | null => {
  switch (kind) {
    case 'text':
      return isBlank(text) && files === undefined ? strings.blank : null;
    case 'deleted':
      return failure === undefined ? strings.deleted : strings.deletedHereOnly;
    case 'unknown':
      return strings.unknown;
    case 'keys-changed':
      return strings.keysChanged(name);
  }
};
