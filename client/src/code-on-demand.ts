import { MessengerError } from './messenger-error.ts';

/**
 * Code that is fetched when it is needed first, and kept then. What it answers with throws MessengerError `unreachable` when the code
 * cannot be fetched; it may be tried again.
 */
export const codeOnDemand = <C>(fetchCode: () => Promise<C>): (() => Promise<C>) => {
  let fetched: Promise<C> | null = null;
  return () =>
    (fetched ??= fetchCode().catch((cause: unknown) => {
      fetched = null;
      throw new MessengerError('unreachable', 'code that is needed cannot be fetched', { cause });
    }));
};
