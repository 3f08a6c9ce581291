import type { Message, MessageFile } from '@restante/client';
import type { App } from '../../state/app.ts';
import { kindOf } from './shown-as.ts';

/** Whether a file is fetched as soon as it is seen: of people who were let in, what was chosen for this browser. */
export const isFetchedUnasked = (
  { conversations, fetchedUnasked }: Pick<App, 'conversations' | 'fetchedUnasked'>,
  { direction, conversation }: Message,
  file: MessageFile,
): boolean =>
  fetchedUnasked.includes(kindOf(file), file.size) &&
  (direction === 'out' || conversations.get(conversation)?.standing === 'accepted');
