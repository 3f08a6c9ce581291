import { EngineError } from '../engine/engine-error.ts';
import type { CallError } from '../engine/channel.ts';
import type { Strings } from '../i18n/en/index.ts';

export type Failure = { readonly code: CallError['code']; readonly retryAfterMs?: number | undefined };

export const failureOf = (error: unknown): Failure =>
  error instanceof EngineError ? error : { code: 'unexpected' };

/** A failure in words. `inPlace`: what some codes mean where it happened, such as a wrong password. */
export const errorText = (
  t: Pick<Strings, 'errors' | 'retryAfter'>,
  { code, retryAfterMs }: Failure,
  inPlace: Partial<Record<Failure['code'], string>> = {},
): string => {
  const text = inPlace[code] ?? t.errors[code];
  return retryAfterMs === undefined ? text : `${text} ${t.retryAfter(Math.ceil(retryAfterMs / 1000))}`;
};
