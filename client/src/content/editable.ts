import type { Message } from '../vault/tables.ts';

/** How long after a text its author may edit it. */
export const EDITABLE_MS = 24 * 60 * 60 * 1000;

/** Whether this account may edit a message at this time. One that has failed is sent again as it is, or written anew. */
export const isEditable = (
  { direction, kind, state, sentAt }: Pick<Message, 'direction' | 'kind' | 'state' | 'sentAt'>,
  nowMs: number,
): boolean => direction === 'out' && kind === 'text' && state !== 'failed' && nowMs - sentAt <= EDITABLE_MS;
