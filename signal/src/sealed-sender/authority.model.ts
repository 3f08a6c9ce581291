import type { KeyPair } from '../curve.ts';
import { generateKeyPair } from '../curve.ts';
import { systemRandom } from '../random.ts';
import type { Address } from '../session/address.ts';
import type { CertificateTrust } from './certificate-trust.ts';
import { issueSenderCertificate } from './sender-certificate.ts';
import { issueServerCertificate } from './server-certificate.ts';

export const EXPIRES_MS = 1_900_000_000_000;

/** A trust root with one server. */
export type Authority = {
  readonly root: KeyPair;
  readonly server: KeyPair;
  readonly serverCertificate: Uint8Array;
  readonly trust: CertificateTrust;
  /** Of the device with this address and identity key. */
  readonly certify: (sender: Address, identityKey: Uint8Array, senderE164?: string) => Uint8Array;
};

export const newAuthority = (keyId = 1): Authority => {
  const root = generateKeyPair(systemRandom);
  const server = generateKeyPair(systemRandom);
  const serverCertificate = issueServerCertificate({ keyId, publicKey: server.publicKey }, root.privateKey);
  return {
    root,
    server,
    serverCertificate,
    trust: { trustRoots: [root.publicKey], sentMs: EXPIRES_MS },
    certify: (sender, identityKey, senderE164) =>
      issueSenderCertificate(
        {
          sender,
          identityKey,
          senderE164: senderE164 ?? null,
          expiresMs: EXPIRES_MS,
          signer: serverCertificate,
        },
        server.privateKey,
      ),
  };
};
