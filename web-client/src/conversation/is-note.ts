import type { Message } from '@restante/client';

/** Whether it is a line between the messages, and none of them. */
export const isNote = ({ kind }: Pick<Message, 'kind'>): boolean =>
  kind === 'keys-changed' || kind === 'timer';
