import { pino, type DestinationStream, type Logger } from 'pino';
import { createHmac, randomBytes } from 'node:crypto';
import { ServiceError } from './service-error.ts';

export type { Logger } from 'pino';

/** An error that callers are told of is found by its code: where it was thrown says nothing more. */
const needsStack = (error: Error): boolean => !(error instanceof ServiceError) || error.row.level === 'error';

/** Name, code, message and stack of an error and its causes: never the fields drivers hang on it (law 6). */
const plainError = (error: unknown, depth = 0): unknown => {
  if (!(error instanceof Error)) return { message: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    name: error.name,
    code,
    message: error.message.slice(0, 500),
    stack: needsStack(error) ? error.stack?.slice(0, 4000) : undefined,
    cause: error.cause !== undefined && depth < 3 ? plainError(error.cause, depth + 1) : undefined,
  };
};

/** One JSON line per event on `destination` (standard output when not given). */
export const createLog = (service: string, level: string, destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => plainError(error) },
      redact: ['authorization', 'token', 'password', 'deviceSecret', 'payload'].flatMap((key) => [
        key,
        `*.${key}`,
      ]),
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );

const pseudonymKey = randomBytes(32);

/** A name for an account or device in log lines: the same within this process, meaningless outside it. */
export const pseudonym = (id: string): string =>
  createHmac('sha256', pseudonymKey).update(id).digest('base64url').slice(0, 12);
