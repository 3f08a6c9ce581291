import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { numbered, readClusterState, type NamedUrl } from '../state/cluster-state.ts';
import { lookAtCertificate, type CertificateAddress, type CertificateState } from './certificates.ts';
import { createReading } from './reading.ts';
import type { ServerState } from './server-state.ts';

export type OwnServer = {
  readonly masterUrls: readonly string[];
  /** How many masters there should be: a name may have several addresses. */
  readonly masterCount: number;
  readonly mailboxNodes: readonly NamedUrl[];
  readonly certificates: readonly CertificateAddress[];
};

const FRESH_MS = 2_000;
const CERTIFICATES_FRESH_MS = 60_000;
const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

/** Each process behind the name of a service; the name itself when there is none. */
const addressesOf = async (url: string): Promise<string[]> => {
  const { protocol, hostname, port } = new URL(url);
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return [url];
  try {
    const addresses = await lookup(hostname, { all: true, family: 4 });
    return addresses.map(({ address }) => `${protocol}//${address}:${port}`).sort();
  } catch {
    return [url];
  }
};

const certificateProblem = ({ name, notAfterMs }: CertificateState): string[] => {
  const what = `the certificate that ${name} are shown`;
  if (notAfterMs === null) return [`${what} could not be looked at`];
  const days = Math.floor((notAfterMs - Date.now()) / DAY_MS);
  if (days >= SOON_DAYS) return [];
  return [days < 0 ? `${what} has ended` : `${what} ends in ${days === 1 ? 'a day' : `${days} days`}`];
};

/** What this server tells of itself, read when it is asked for, and at most every two seconds. */
export const watchOwnServer = (own: OwnServer): (() => Promise<ServerState>) => {
  const lookAtCertificates = createReading(
    () => Promise.all(own.certificates.map(lookAtCertificate)),
    CERTIFICATES_FRESH_MS,
  );
  return createReading(async () => {
    const masterUrls = (await Promise.all(own.masterUrls.map(addressesOf))).flat();
    const [state, certificates] = await Promise.all([
      readClusterState(numbered('master', masterUrls), own.mailboxNodes),
      lookAtCertificates(),
    ]);
    const missing = own.masterCount - masterUrls.length;
    return {
      ...state,
      certificates,
      problems: [
        ...(missing > 0 ? [`${masterUrls.length} of ${own.masterCount} masters are there`] : []),
        ...state.problems,
        ...certificates.flatMap(certificateProblem),
      ],
    };
  }, FRESH_MS);
};
