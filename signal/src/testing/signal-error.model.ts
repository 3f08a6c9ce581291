import { expect } from 'vitest';
import { SignalError, type SignalErrorCode } from '../signal-error.ts';

/** The code of the SignalError it throws; null when it throws nothing. Another error fails the test. */
export const errorCodeOf = (operation: () => unknown): SignalErrorCode | null => {
  try {
    operation();
    return null;
  } catch (error) {
    if (error instanceof SignalError) return error.code;
    throw error;
  }
};

export const expectCode = (code: SignalErrorCode, operation: () => unknown): void => {
  expect(errorCodeOf(operation)).toBe(code);
};
