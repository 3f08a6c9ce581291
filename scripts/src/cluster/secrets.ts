import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const credentials = z.strictObject({ user: z.string(), password: z.string() });
export type Credentials = z.infer<typeof credentials>;

const node = z.strictObject({
  /** Server admin of the node's embedded CouchDB. */
  admin: credentials,
  /** Members-only user of the data path. */
  data: credentials,
  /** By which its CouchDB writes at the node what the mesh brings. */
  mesh: credentials,
  /** By which the other nodes' CouchDBs read at the node. */
  reader: credentials,
});

const clusterSecrets = z.strictObject({
  nodes: z.array(node).length(3),
  /** PKCS #8 and SPKI PEM of the Ed25519 key that signs tokens. */
  tokenPrivateKey: z.string(),
  tokenPublicKey: z.string(),
  /** PKCS #8 PEM of the Ed25519 key that signs the documents of the directory. */
  directoryPrivateKey: z.string(),
  /** SPKI PEM of all keys whose signatures of the directory are accepted, one after the other. */
  directoryPublicKeys: z.string(),
});
export type ClusterSecrets = z.infer<typeof clusterSecrets>;

/** As releases before the mesh had credentials of its own wrote them. */
const earlierSecrets = clusterSecrets.extend({
  nodes: z.array(node.partial({ mesh: true, reader: true })).length(3),
});

export const newPassword = (): string => randomBytes(24).toString('base64url');

const meshCredentials = (number: number): Pick<z.infer<typeof node>, 'mesh' | 'reader'> => ({
  mesh: { user: `mesh-${number}`, password: newPassword() },
  reader: { user: `reader-${number}`, password: newPassword() },
});

const newKeyPair = () =>
  generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

const generate = (): ClusterSecrets => {
  const [token, directory] = [newKeyPair(), newKeyPair()];
  return {
    nodes: [1, 2, 3].map((number) => ({
      admin: { user: 'admin', password: newPassword() },
      data: { user: `mailbox-node-${number}`, password: newPassword() },
      ...meshCredentials(number),
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

const write = (dataDir: string, secrets: ClusterSecrets): void => {
  const draft = `${secretsFile(dataDir)}.new`;
  writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(draft, secretsFile(dataDir));
};

/**
 * The secrets of the cluster in this data folder, made on first use, and completed when an earlier release wrote them. Only this user
 * can read the file.
 *
 * @throws Error when the file is there and is not what this writes, or has no keys of the directory; no value is quoted
 */
export const ensureSecrets = (dataDir: string): ClusterSecrets => {
  let text: string;
  try {
    text = readFileSync(secretsFile(dataDir), 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    const made = generate();
    write(dataDir, made);
    return made;
  }
  let found: unknown = null;
  let known: z.infer<typeof earlierSecrets>;
  try {
    found = JSON.parse(text);
    known = earlierSecrets.parse(found);
  } catch {
    if (unsignedData.safeParse(found).success) {
      throw new Error(
        `The data in ${dataDir} is of a version before 0.2.0, which this one does not carry on. Nothing was changed: move the folder away, or go on with the version before.`,
      );
    }
    throw new Error(`${secretsFile(dataDir)} does not hold the secrets of a cluster`);
  }
  const whole = clusterSecrets.safeParse(known).data;
  if (whole !== undefined) return whole;
  const nodes = known.nodes.map(({ admin, data, mesh, reader }, index) => {
    const made = meshCredentials(index + 1);
    return { admin, data, mesh: mesh ?? made.mesh, reader: reader ?? made.reader };
  });
  const completed = { ...known, nodes };
  write(dataDir, completed);
  return completed;
};
