import { SignalError, type SignalErrorCode } from '../signal-error.ts';

/** What `action` answers; when a key in it is not valid, `code` says what the key was part of. */
export const invalidKeyAs = <T>(code: SignalErrorCode, action: () => T): T => {
  try {
    return action();
  } catch (error) {
    if (error instanceof SignalError && error.code === 'invalid-key') throw new SignalError(code);
    throw error;
  }
};
