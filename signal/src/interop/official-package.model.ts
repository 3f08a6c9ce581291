import { createRequire } from 'node:module';
import * as current from '@signalapp/libsignal-client';
import * as v0101 from 'libsignal-0.101';
import * as v099 from 'libsignal-0.99';
import * as v092 from 'libsignal-0.92';

/** The official package with the parameter lists of its newest version. */
export type Library = typeof current;
export type OfficialPackage = { readonly version: string; readonly library: Library };

const require = createRequire(import.meta.url);
const versionOf = (name: string): string =>
  (require(`${name}/package.json`) as { readonly version: string }).version;

/** What is used here has the same shape in all versions; their types differ in parts that are not used. */
const sameShape = (library: unknown): Library => library as Library;

/** 0.92 takes no local address where a bundle is processed or a type 2 message decrypted. */
const withLocalAddress = (library: typeof v092): Library => {
  const old = sameShape(library) as unknown as {
    readonly processPreKeyBundle: (...args: readonly unknown[]) => Promise<void>;
    readonly signalDecrypt: (...args: readonly unknown[]) => Promise<Uint8Array<ArrayBuffer>>;
  };
  return {
    ...sameShape(library),
    processPreKeyBundle: (bundle, remote, _local, ...rest) =>
      old.processPreKeyBundle(bundle, remote, ...rest),
    signalDecrypt: (message, remote, _local, ...rest) => old.signalDecrypt(message, remote, ...rest),
  };
};

/** The reference. */
export const newest: OfficialPackage = {
  version: versionOf('@signalapp/libsignal-client'),
  library: current,
};

/** Older versions that still speak the protocol. */
export const older: readonly OfficialPackage[] = [
  { version: versionOf('libsignal-0.101'), library: sameShape(v0101) },
  { version: versionOf('libsignal-0.99'), library: sameShape(v099) },
  { version: versionOf('libsignal-0.92'), library: withLocalAddress(v092) },
];
