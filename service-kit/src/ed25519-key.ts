import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { ConfigError } from './config.ts';

const read =
  (parse: (pem: string) => KeyObject) =>
  (name: string, pem: string): KeyObject => {
    try {
      const key = parse(pem.replaceAll('\\n', '\n'));
      if (key.asymmetricKeyType === 'ed25519') return key;
    } catch {
      // Reported below: the reason could quote the key.
    }
    throw new ConfigError(`${name} is not an Ed25519 key in PEM form`);
  };

/** Reads PKCS #8 PEM; line breaks may be written as `\n`. @throws ConfigError naming the variable */
export const readPrivateKey = read(createPrivateKey);
/** Reads SPKI PEM; line breaks may be written as `\n`. @throws ConfigError naming the variable */
export const readPublicKey = read(createPublicKey);

const PUBLIC_KEYS = /-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g;

/** Reads one or more public keys that follow each other. @throws ConfigError naming the variable */
export const readPublicKeys = (name: string, pems: string): KeyObject[] => {
  const text = pems.replaceAll('\\n', '\n');
  const found = text.match(PUBLIC_KEYS) ?? [];
  if (found.length === 0 || text.replaceAll(PUBLIC_KEYS, '').trim() !== '') {
    throw new ConfigError(`${name} is not one or more Ed25519 public keys in PEM form`);
  }
  return found.map((pem) => readPublicKey(name, pem));
};
