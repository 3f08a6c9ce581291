import type { Message } from '@restante/client';
import { spokenText } from './spoken-text.ts';

type Said = Pick<Message, 'direction' | 'sentAt' | 'text' | 'files'>;
type Names = { readonly own: string; readonly other: string };
type Clock = { readonly date: (ms: number) => string; readonly time: (ms: number) => string };

/** Messages as a text for elsewhere: who said what, and when. */
export const copiedMessages = (messages: readonly Said[], { own, other }: Names, clock: Clock): string =>
  messages
    .map((message) => {
      const { direction, sentAt } = message;
      const name = direction === 'out' ? own : other;
      return `[${clock.date(sentAt)}, ${clock.time(sentAt)}] ${name}: ${spokenText(message)}`;
    })
    .join('\n');
