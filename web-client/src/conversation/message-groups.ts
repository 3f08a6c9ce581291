import type { Message } from '@restante/client';
import { isSameDay } from './days.ts';
import { isNote } from './is-note.ts';

const minuteOf = ({ sentAt }: Message): number => Math.floor(sentAt / 60_000);

/** Whether two messages that follow each other are shown as one group: of one author, and of the same minute. */
export const belongTogether = (first: Message, second: Message): boolean =>
  first.direction === second.direction &&
  !isNote(first) &&
  !isNote(second) &&
  minuteOf(first) === minuteOf(second) &&
  isSameDay(first.sentAt, second.sentAt);
