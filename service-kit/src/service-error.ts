import {
  ERRORS,
  type DeviceMismatch,
  type ErrorBody,
  type ErrorCode,
  type ErrorRow,
  type WorkDemand,
} from '@restante/protocol';
import { z } from 'zod';

type Detail = {
  readonly path?: string;
  readonly retryAfterMs?: number;
  readonly mismatches?: DeviceMismatch[];
  readonly work?: WorkDemand;
  readonly cause?: unknown;
};

/** An error that a caller may see: a row of the protocol's table, a fixed text and bounded details. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ErrorCode;
  readonly detail: Omit<Detail, 'cause'>;

  constructor(code: ErrorCode, message: string, { cause, ...detail }: Detail = {}) {
    super(message, { cause });
    this.code = code;
    this.detail = detail;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }

  /** What the caller is told. Never the cause. */
  toBody(): ErrorBody {
    return { code: this.code, message: this.message, ...this.detail };
  }
}

/** Anything thrown, as a ServiceError: what is not one becomes `internal` with a fixed text. */
export const toServiceError = (thrown: unknown): ServiceError =>
  thrown instanceof ServiceError ? thrown : new ServiceError('internal', 'internal error', { cause: thrown });

/**
 * Checks a value that came from outside.
 *
 * @throws ServiceError `bad-request` with the path of the first bad field
 */
export const parseInput = <S extends z.core.$ZodType>(schema: S, input: unknown): z.infer<S> => {
  const result = z.safeParse(schema, input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.map(String).join('.').slice(0, 200) ?? '';
  throw new ServiceError('bad-request', 'the request does not fit the protocol', { path });
};
