/** Everything that can go wrong, with its one text: no secret and no detail of a message is ever in an error. */
const TEXTS = {
  'duplicate-message': 'the message has been decrypted before',
  'no-session': 'there is no session that can encrypt: fetch a bundle and start one',
  'no-sender-key': 'there is no sender key for this message: ask for the distribution again',
  'untrusted-identity': 'the identity key is not trusted',
  'invalid-bundle': 'the bundle has a wrong signature or key',
  'unknown-pre-key': 'the message needs a pre-key that is not here',
  'invalid-message': 'the message cannot be decrypted',
  'unsupported-version': 'the message is of a version that is not spoken here',
  'invalid-key': 'the key is not valid',
  'invalid-record': 'the record is damaged or of an unknown version',
  'invalid-fingerprint': 'the safety number is damaged or of another version',
  'invalid-certificate': 'the certificate is not valid',
  'self-send': 'the message is from this device itself',
  'invalid-argument': 'an argument is out of its range',
} as const;

export type SignalErrorCode = keyof typeof TEXTS;

export class SignalError extends Error {
  override readonly name = 'SignalError';
  readonly code: SignalErrorCode;

  constructor(code: SignalErrorCode) {
    super(TEXTS[code]);
    this.code = code;
  }
}

/** @throws SignalError with this code, always */
export const refuse = (code: SignalErrorCode): never => {
  throw new SignalError(code);
};
