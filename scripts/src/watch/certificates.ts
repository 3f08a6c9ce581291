import { connect } from 'node:tls';

/** Where somebody shows a certificate. */
export type CertificateAddress = {
  /** Whom it is for. */
  readonly name: 'people' | 'servers';
  /** `host:port` */
  readonly address: string;
  /** That TLS asks for; null: it asks for none. */
  readonly servername: string | null;
};

/** The certificate that is shown now; null when none is. */
export type CertificateState = {
  readonly name: string;
  /** When it ends, in Unix time. */
  readonly notAfterMs: number | null;
};

const DEADLINE_MS = 5_000;

/**
 * What a client would be shown, after a renewal too: not what lies in a file. Needs no certificate of its own, since with TLS 1.3 the
 * server shows its one first; whether it is to be trusted is not asked.
 */
export const lookAtCertificate = ({
  name,
  address,
  servername,
}: CertificateAddress): Promise<CertificateState> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(`tls://${address}`);
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port),
      ...(servername === null ? {} : { servername }),
      rejectUnauthorized: false,
      timeout: DEADLINE_MS,
    });
    const end = (notAfterMs: number | null): void => {
      resolve({ name, notAfterMs });
      socket.destroy();
    };
    socket.once('secureConnect', () => {
      const { valid_to: notAfter } = socket.getPeerCertificate();
      const notAfterMs = Date.parse(notAfter);
      end(Number.isNaN(notAfterMs) ? null : notAfterMs);
    });
    socket.once('timeout', () => end(null));
    socket.on('error', () => end(null));
    socket.once('close', () => end(null));
  });
