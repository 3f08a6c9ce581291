import * as z from 'zod/mini';
import { accountId, deviceId } from './ids.ts';
import { workDemand } from './work.ts';

export type ErrorRow = {
  /** HTTP status of an answer. */
  readonly status: number;
  /** WebSocket close code when it ends a connection (RFC 6455, 7.4; 4xxx are ours). */
  readonly close: number;
  /** Level of the server's log line. */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Whether the same request may succeed later without being changed. */
  readonly retry: boolean;
};

/** The closed table of errors: every error that a caller sees is one of these rows. */
export const ERRORS = {
  /** The request breaks the protocol; `path` names the first bad field. */
  'bad-request': { status: 400, close: 1008, level: 'info', retry: false },
  /** No valid token, or a wrong username, password or device secret. */
  unauthorized: { status: 401, close: 4401, level: 'info', retry: false },
  /** The token was valid and is no longer: ask for a fresh one. */
  'token-expired': { status: 401, close: 4402, level: 'debug', retry: true },
  /** A valid token that does not give this right. The answer does not depend on what exists. */
  forbidden: { status: 403, close: 4403, level: 'info', retry: false },
  /** This server takes no new accounts. */
  'registration-closed': { status: 403, close: 1008, level: 'debug', retry: false },
  /** An account takes an invite code. */
  'invite-needed': { status: 403, close: 1008, level: 'debug', retry: false },
  /** There is no such invite code, or it has been used, revoked, or has expired. */
  'invite-invalid': { status: 403, close: 1008, level: 'info', retry: false },
  'not-found': { status: 404, close: 4404, level: 'debug', retry: false },
  /** The resource does not know this HTTP method. */
  'method-not-allowed': { status: 405, close: 1008, level: 'debug', retry: false },
  /** A newer connection of the same device took over. */
  superseded: { status: 409, close: 4409, level: 'debug', retry: false },
  'username-taken': { status: 409, close: 1008, level: 'debug', retry: false },
  /** The account has no free device number. */
  'device-limit': { status: 409, close: 1008, level: 'info', retry: false },
  /** The `send` names other devices than the recipients have; `mismatches` says which. */
  'devices-changed': { status: 409, close: 1008, level: 'debug', retry: false },
  /** The device is not on the list of its account: the others have to let it in. */
  'device-waiting': { status: 403, close: 1008, level: 'info', retry: true },
  /** Another device list was there first: read it and sign the change anew. */
  'device-list-conflict': { status: 409, close: 1008, level: 'info', retry: false },
  /** Another message is in this slot of the rendezvous. */
  'slot-taken': { status: 409, close: 1008, level: 'info', retry: false },
  /** The grant has added its device already. */
  'grant-used': { status: 409, close: 1008, level: 'info', retry: false },
  /** The id's time is over 30 days ago: nobody could read it any more. */
  'message-expired': { status: 410, close: 1008, level: 'info', retry: false },
  /** The id's time is too far in the future: correct the clock, mint a new id. */
  'clock-skew': { status: 422, close: 1008, level: 'info', retry: false },
  'payload-too-large': { status: 413, close: 1009, level: 'info', retry: false },
  'unsupported-media-type': { status: 415, close: 1003, level: 'info', retry: false },
  /** This server does not speak the client's protocol version. */
  'unsupported-version': { status: 426, close: 4426, level: 'info', retry: false },
  /** An account costs work; `work` says which. */
  'work-needed': { status: 428, close: 1008, level: 'debug', retry: false },
  /** `retryAfterMs` says when to come back. */
  'rate-limited': { status: 429, close: 4429, level: 'info', retry: true },
  /** The recipient's mailbox is at its bound until somebody reads it. */
  'mailbox-full': { status: 507, close: 1008, level: 'info', retry: true },
  /** As much of the recipient's mailbox as one sender may take is taken, until somebody reads it. */
  'sender-share-full': { status: 507, close: 1008, level: 'info', retry: true },
  /** The socket did not take frames or answer pings in time. */
  'connection-stalled': { status: 408, close: 4408, level: 'info', retry: true },
  /** This server is stopping: use another. */
  draining: { status: 503, close: 1001, level: 'debug', retry: true },
  /** Too few stores answered; nothing was accepted. */
  unavailable: { status: 503, close: 1013, level: 'warn', retry: true },
  internal: { status: 500, close: 1011, level: 'error', retry: true },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export const errorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** A code as its caller takes it: one that is not known yet is a fault of the server, which may pass. */
export const heardErrorCode = z.catch(errorCode, 'internal');

/** One recipient account whose devices are not those of the `send`. */
export const deviceMismatch = z.object({
  accountId,
  /** Devices of the account that got no envelope. */
  missing: z.array(deviceId),
  /** Envelopes for devices that the account does not have. */
  extra: z.array(deviceId),
  /** Devices that have new keys: the registration id differs. */
  stale: z.array(deviceId),
});
export type DeviceMismatch = z.infer<typeof deviceMismatch>;

/** What an error tells its caller: the JSON body of an HTTP error, and part of `refused` and `error`. */
export const errorBody = z.object({
  code: heardErrorCode,
  message: z.string(),
  /** The bad field, dotted, for `bad-request`. */
  path: z.optional(z.string()),
  /** For `rate-limited` and `unavailable`. */
  retryAfterMs: z.optional(z.int().check(z.nonnegative())),
  /** For `devices-changed`. */
  mismatches: z.optional(z.array(deviceMismatch)),
  /** For `work-needed`. */
  work: z.optional(workDemand),
});
export type ErrorBody = z.infer<typeof errorBody>;
