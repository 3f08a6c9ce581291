import type { HistoryProgress } from '../events/messenger-events.ts';
import type { HistoryTaken } from '../vault/tables.ts';

export const progressOf = (row: HistoryTaken | undefined): HistoryProgress => {
  if (row === undefined) return { state: 'none', messages: 0, total: 0 };
  const { state, messages, total, from } = row;
  return { state: state === 'running' && from === null ? 'asking' : state, messages, total };
};
