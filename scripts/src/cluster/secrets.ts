import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const credentials = z.strictObject({ user: z.string(), password: z.string() });
export type Credentials = z.infer<typeof credentials>;

const clusterSecrets = z.strictObject({
  nodes: z
    .array(
      z.strictObject({
        /** Server admin of the node's embedded CouchDB. */
        admin: credentials,
        /** Members-only user of the data path. */
        data: credentials,
      }),
    )
    .length(3),
  /** PKCS #8 and SPKI PEM of the Ed25519 key that signs tokens. */
  tokenPrivateKey: z.string(),
  tokenPublicKey: z.string(),
  /** PKCS #8 PEM of the Ed25519 key that signs the documents of the directory. */
  directoryPrivateKey: z.string(),
  /** SPKI PEM of all keys whose signatures of the directory are accepted, one after the other. */
  directoryPublicKeys: z.string(),
});
export type ClusterSecrets = z.infer<typeof clusterSecrets>;

const newPassword = (): string => randomBytes(24).toString('base64url');

const newKeyPair = () =>
  generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

const generate = (): ClusterSecrets => {
  const [token, directory] = [newKeyPair(), newKeyPair()];
  return {
    nodes: [1, 2, 3].map((node) => ({
      admin: { user: 'admin', password: newPassword() },
      data: { user: `mailbox-node-${node}`, password: newPassword() },
    })),
    tokenPrivateKey: token.privateKey,
    tokenPublicKey: token.publicKey,
    directoryPrivateKey: directory.privateKey,
    directoryPublicKeys: directory.publicKey,
  };
};

const secretsFile = (dataDir: string): string => join(dataDir, 'secrets.json');

/** Written by a version that signed nothing in the directory: what is there cannot be told from what somebody has forged. */
const unsignedData = z.object({ tokenPrivateKey: z.string(), directoryPrivateKey: z.undefined().optional() });

/**
 * The secrets of the cluster in this data folder, or null when there are none yet.
 *
 * @throws Error when the file is there and is not what {@link ensureSecrets} writes; no value is quoted
 */
export const readSecrets = (dataDir: string): ClusterSecrets | null => {
  let text: string;
  try {
    text = readFileSync(secretsFile(dataDir), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  let found: unknown = null;
  try {
    found = JSON.parse(text);
    return clusterSecrets.parse(found);
  } catch {
    if (unsignedData.safeParse(found).success) {
      throw new Error(
        `The data in ${dataDir} is of a version before 0.2.0, which this one does not carry on. Nothing was changed: move the folder away, or go on with the version before.`,
      );
    }
    throw new Error(`${secretsFile(dataDir)} does not hold the secrets of a cluster`);
  }
};

/** The secrets of the cluster in this data folder, made on first use. Only this user can read the file. Throws as {@link readSecrets}. */
export const ensureSecrets = (dataDir: string): ClusterSecrets => {
  const known = readSecrets(dataDir);
  if (known !== null) return known;
  const made = generate();
  const draft = `${secretsFile(dataDir)}.new`;
  writeFileSync(draft, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(draft, secretsFile(dataDir));
  return made;
};
