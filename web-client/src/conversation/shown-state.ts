import type { Message } from '@restante/client';
import type { ConnectionName } from '../state/connection.svelte.ts';

export type ShownState = 'waiting' | 'sending' | 'accepted' | 'delivered' | 'read' | 'failed';

const CONNECTED: readonly ConnectionName[] = ['live', 'incomplete', 'catching-up'];

/** How far an own message has got; undefined for those of others. */
export const shownState = (
  { direction, state }: Message,
  connection: ConnectionName,
): ShownState | undefined => {
  if (direction === 'in' || state === 'received' || state === 'seen') return undefined;
  if (state === 'queued') return CONNECTED.includes(connection) ? 'sending' : 'waiting';
  return state;
};
