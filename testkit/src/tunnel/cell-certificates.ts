import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../../scripts/deploy-parts/cell-certificates.sh', import.meta.url));

const call = (...args: readonly string[]): void => {
  execFileSync('sh', ['-c', '. "$0" && "$@"', SCRIPT, ...args], { stdio: 'pipe' });
};

/** The CA of a cell in a folder, as `scripts/deploy` makes it. */
export type CellCertificates = {
  /** The folder of server N, with a new certificate. `days`: how long it holds. */
  readonly make: (server: number, days?: number) => string;
  /** A new certificate for the CA, as `scripts/renew` makes it. */
  readonly renewCa: () => void;
  /** Serial number of the certificate in a folder, in hex. */
  readonly serialOf: (folder: string) => string;
};

export const makeCellCertificates = (folder: string): CellCertificates => {
  call('make_cell_ca', folder);
  return {
    make: (server, days = 825) => {
      call('make_server_certificate', folder, String(server), String(days));
      return join(folder, `server${server}`);
    },
    renewCa: () => call('renew_cell_ca', folder),
    serialOf: (of) => {
      const asked = ['x509', '-noout', '-serial', '-in', join(of, 'certificate.pem')];
      return execFileSync('openssl', asked, { encoding: 'utf8' }).trim().replace('serial=', '');
    },
  };
};
