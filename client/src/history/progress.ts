import type { HistoryProgress } from '../events/messenger-events.ts';
import type { HistoryTaken } from '../vault/tables.ts';

export const progressOf = (row: HistoryTaken | undefined): HistoryProgress => {
  if (row === undefined) return { state: 'none', messages: 0, total: 0 };
  const { state, messages, total, from, failure } = row;
  const shown = state === 'running' && from === null ? 'asking' : state;
  return { state: shown, messages, total, ...(failure && { failure }) };
};
