import { SignalError } from '../signal-error.ts';
import { verify } from '../xeddsa.ts';
import { decodeServerCertificate, isSignedByRoot } from './server-certificate.ts';
import type { SenderCertificate } from './sender-certificate.ts';

/** What a recipient takes a sender certificate for valid by. */
export type CertificateTrust = {
  /** Public keys of 33 bytes. One of them must have signed the server's certificate. */
  readonly trustRoots: readonly Uint8Array[];
  /** When the message was sent, as the server says: the certificate must not have expired then. */
  readonly sentMs: number;
  /** Server certificates that sender certificates may name by id, to be shorter. */
  readonly serverCertificates?: ReadonlyMap<number, Uint8Array>;
  /** Of server keys that are not trusted any more. */
  readonly revokedKeyIds?: ReadonlySet<number>;
};

/** Never a real key: every implementation refuses it, so that revocation can be tried. */
const TEST_REVOKED_KEY_ID = 0xdead_c357;

/**
 * The server's certificate is signed by a trust root and not revoked, the sender's by the server and not expired.
 *
 * @throws SignalError `invalid-certificate`
 */
export const checkSenderCertificate = (certificate: SenderCertificate, trust: CertificateTrust): void => {
  const { content, signature, signer, expiresMs } = certificate;
  const encoded = typeof signer === 'number' ? trust.serverCertificates?.get(signer) : signer;
  if (encoded === undefined) throw new SignalError('invalid-certificate');
  const server = decodeServerCertificate(encoded);
  const isRevoked = server.keyId === TEST_REVOKED_KEY_ID || trust.revokedKeyIds?.has(server.keyId) === true;
  const isValid =
    !isRevoked &&
    isSignedByRoot(server, trust.trustRoots) &&
    verify(server.publicKey, content, signature) &&
    trust.sentMs <= expiresMs;
  if (!isValid) throw new SignalError('invalid-certificate');
};
