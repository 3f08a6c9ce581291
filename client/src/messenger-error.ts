import { ERRORS, type ErrorBody, type ErrorCode } from '@restante/protocol';

/** Errors that arise on this side of the wire. */
export type LocalErrorCode =
  /** No answer, or one that is cut off. */
  | 'unreachable'
  /** An answer that breaks the protocol. */
  | 'bad-answer'
  /** A server names other servers that no messenger goes to. */
  | 'servers-refused'
  /** The messenger has been closed. */
  | 'closed'
  /** The vault has no room. */
  | 'storage-full'
  /** The vault cannot be read or written. */
  | 'storage-failed'
  /** There is no account in the vault: register or log in first. */
  | 'not-registered'
  /** There is an account in the vault already. */
  | 'already-registered'
  /** The text is empty or too long. */
  | 'bad-text'
  /** This text cannot be edited: a day has passed since, or it could not be sent. */
  | 'not-editable'
  /** This is the own account. */
  | 'own-account'
  /** A verified contact has another account key, which nobody has verified. */
  | 'keys-changed'
  /** A server gives a device list that its account has not signed, or that is older than the one that was seen. */
  | 'device-list-refused'
  /** A server gives keys of a device that are not those on the list of its account. */
  | 'device-refused'
  /** This device has no account key: it waits for another one to let it in, or to send it. */
  | 'no-account-key'
  /** This text is no code that a device shows to be linked, or that of a later version. */
  | 'bad-link-code'
  /** The code is shown by a device that is linked already, and so is this one; or neither is. */
  | 'link-code-own-side'
  /** The five minutes of a code are over, or there is another one. */
  | 'link-ended'
  /** What came through a server is not what the other device has said. */
  | 'link-altered'
  /** This vault is older than what its device has sent: it was put back, or copied and used in two places. */
  | 'vault-outdated'
  /** The vault was written by a later version of the messenger. */
  | 'vault-too-new'
  /** The vault takes a passphrase. */
  | 'vault-locked'
  /** This is not the passphrase of the vault. */
  | 'wrong-passphrase'
  /** The vault is sealed with a key that is not there any more, or is another one. */
  | 'vault-key-lost'
  /** A row of the vault does not fit its table: it is passed over. */
  | 'unfit-row'
  /** The clocks of this machine and of the server are far apart: nothing old is forgotten by the later one. */
  | 'wrong-clock'
  /** No session with this account: write to it first. */
  | 'no-session'
  /** These files cannot be sent: none, too many, or larger than files can be. */
  | 'bad-files'
  | 'bad-profile'
  /** Messages cannot disappear after this time. */
  | 'bad-timer'
  /** Too many messages would be starred. */
  | 'too-many-starred'
  /** This device does not have the file any more. */
  | 'file-lost'
  /** What is being sent is not what it was when that began. */
  | 'content-changed'
  /** What another own device gives is no history, one of a later version, or has messages that do not fit. */
  | 'bad-history'
  /** What a node, or all of them, give is not the file that was sent. */
  | 'blob-altered';

/** What a server says that is away for now, or on its way back. */
const AWAY: ReadonlySet<ErrorCode | LocalErrorCode> = new Set([
  'unreachable',
  'unavailable',
  'draining',
  'rate-limited',
  'connection-stalled',
]);

export class MessengerError extends Error {
  override readonly name = 'MessengerError';
  readonly code: ErrorCode | LocalErrorCode;
  /** The server's answer, when it was one. */
  readonly body: ErrorBody | null;

  constructor(
    code: ErrorCode | LocalErrorCode,
    message: string,
    options: { cause?: unknown; body?: ErrorBody } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.body = options.body ?? null;
  }

  /** Whether the same request may succeed later without being changed. */
  get retry(): boolean {
    return this.code === 'unreachable' || (this.code in ERRORS && ERRORS[this.code as ErrorCode].retry);
  }

  /** The error that a vault has thrown. */
  static ofVault(cause: unknown): MessengerError {
    if (cause instanceof MessengerError) return cause;
    return cause instanceof Error && cause.name === 'QuotaExceededError'
      ? new MessengerError('storage-full', 'the vault has no room', { cause })
      : new MessengerError('storage-failed', 'the vault could not be read or written', { cause });
  }

  /** The error that an error body tells, or `bad-answer` when there is none. */
  static fromBody(body: ErrorBody | undefined): MessengerError {
    return body === undefined
      ? new MessengerError('bad-answer', 'the server answered with no known error')
      : new MessengerError(body.code, body.message, { body });
  }
}

/** Whether a server is away for now: nothing to be told of, but to be tried again. */
export const isAway = (error: unknown): boolean => error instanceof MessengerError && AWAY.has(error.code);

export const isStorageFailure = (error: unknown): error is MessengerError =>
  error instanceof MessengerError && (error.code === 'storage-full' || error.code === 'storage-failed');
