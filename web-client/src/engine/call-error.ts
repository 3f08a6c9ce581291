import { MessengerError } from '@restante/client';
import type { CallError } from './channel.ts';

/** The storage is not open. */
export class NoStorageError extends Error {
  override readonly name = 'NoStorageError';
}

const codeOf = (error: unknown): CallError['code'] => {
  if (error instanceof MessengerError) return error.code;
  return error instanceof NoStorageError ? 'no-storage' : 'unexpected';
};

/** What a tab is told of an error. Texts of unknown errors may hold anything and stay here. */
export const callError = (error: unknown): CallError => {
  const code = codeOf(error);
  if (!(error instanceof MessengerError)) {
    return { code, message: error instanceof Error ? error.name : 'unknown' };
  }
  const retryAfterMs = error.body?.retryAfterMs;
  return { code, message: error.message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
};
