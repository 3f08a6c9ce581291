import { MessengerError } from '@restante/client';

/** How a history names an error. */
export const codeOf = (error: unknown): string =>
  error instanceof MessengerError ? error.code : error instanceof Error ? error.name : 'unknown';
