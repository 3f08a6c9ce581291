import { MessengerError } from '../../messenger-error.ts';
import { TABLES, VAULT_VERSION } from '../rows.ts';
import type { Vault } from '../vault.ts';
import {
  newDeviceKey,
  newRawDataKey,
  overwrite,
  passphraseKey,
  usable,
  type DataKey,
  type OpaqueKey,
  type RawDataKey,
} from './data-keys.ts';
import { newPassphraseCost, passphraseBytes, type DeriveKey, type PassphraseCost } from './passphrase.ts';
import { renewRows } from './renew-rows.ts';
import { isSealed, openRow } from './row-seal.ts';
import {
  keyLost,
  openSeal,
  readSeal,
  UNSEALED,
  writeSeal,
  type Seal,
  type Settled,
  type Wrapping,
} from './seal.ts';
import { sealedVault } from './sealed-vault.ts';
import type { VaultDisk } from './vault-disk.ts';

/** What a platform has for keeping keys. */
export type KeyMeans = {
  readonly deriveKey: DeriveKey;
  /** Whether the disk keeps keys that cannot be exported: then its vault is sealed also without a passphrase. */
  readonly keepsKeys: boolean;
};

/** What opens a vault: a passphrase, the data key of one that is open elsewhere, or, where there is no passphrase, nothing. */
export type VaultSecret = { readonly passphrase: string } | { readonly dataKey: DataKey } | null;

export type OpenVault = {
  readonly vault: Vault;
  /** Null: it is not sealed. */
  readonly dataKey: DataKey | null;
  readonly hasPassphrase: boolean;
};

const randomNumber = (): number => {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return number === UNSEALED ? randomNumber() : number;
};

type FirstRow = { readonly table: string; readonly key: string; readonly value: unknown };

const firstRows = async (disk: Vault): Promise<FirstRow[]> =>
  (
    await Promise.all(
      TABLES.map(async (table) => (await disk.list(table, { limit: 1 })).map((row) => ({ table, ...row }))),
    )
  ).flat();

/** Whether a key is that of the rows. One row tells it, so that a bad one does not speak for all. */
const fits = async (disk: Vault, dataKey: DataKey): Promise<boolean> => {
  const rows = (await firstRows(disk)).filter(({ value }) => isSealed(value));
  for (const { table, key, value } of rows)
    if ((await openRow([dataKey], table, key, value)) !== null) return true;
  return rows.length === 0;
};

const derive = async (
  { deriveKey }: KeyMeans,
  passphrase: string,
  cost: PassphraseCost,
): Promise<OpaqueKey> => passphraseKey(await deriveKey(passphraseBytes(passphrase), cost));

/** A new passphrase, or none, and a new device key where there is a place for one. */
const newWrapping = async (means: KeyMeans, passphrase: string | null): Promise<Wrapping> => {
  const deviceKey = means.keepsKeys ? await newDeviceKey() : null;
  if (passphrase === null) return { deviceKey, passphrase };
  const cost = newPassphraseCost();
  return { deviceKey, passphrase: { cost, key: await derive(means, passphrase, cost) } };
};

/** An open vault, all of whose rows are where they shall be. `key`: null when they are not sealed. */
type Unlocked = { readonly wrapping: Wrapping; readonly key: RawDataKey | null };

const settledUnder = (key: RawDataKey | null): Settled => ({
  dataKey: key?.number ?? UNSEALED,
  version: VAULT_VERSION,
});

/** Brings every row to where the seal says that it shall be, and then keeps no other data key. */
const settle = async (
  disk: VaultDisk,
  wrapping: Wrapping,
  { current, settled }: Pick<Seal, 'current' | 'settled'>,
  keys: readonly RawDataKey[],
): Promise<Unlocked> => {
  const key = keys.find(({ number }) => number === current) ?? null;
  if (key === null && current !== UNSEALED) throw keyLost();
  const isRekeyed = settled.dataKey !== current;
  if (isRekeyed || settled.version !== VAULT_VERSION) {
    const from = await Promise.all(keys.map(usable));
    await renewRows(disk, { from, settled, to: from.find(({ number }) => number === current) ?? null });
    if (key === null) await disk.writeBeside('seal', undefined);
    else await writeSeal(disk, wrapping, { current, settled: settledUnder(key) }, [key]);
    if (isRekeyed) await disk.compact();
  }
  overwrite(keys.filter((each) => each !== key));
  return { wrapping, key };
};

/** From now on, all that was under `before` is under a new data key with this wrapping. */
const sealAnew = async (
  disk: VaultDisk,
  wrapping: Wrapping,
  before: RawDataKey | null,
): Promise<Unlocked> => {
  const key = newRawDataKey(randomNumber());
  const keys = before === null ? [key] : [before, key];
  const state = { current: key.number, settled: settledUnder(before) };
  await writeSeal(disk, wrapping, state, keys);
  return settle(disk, wrapping, state, keys);
};

const unseal = async (disk: VaultDisk, wrapping: Wrapping, before: RawDataKey): Promise<Unlocked> => {
  const state = { current: UNSEALED, settled: settledUnder(before) };
  await writeSeal(disk, wrapping, state, [before]);
  return settle(disk, wrapping, state, [before]);
};

const unlock = async (
  disk: VaultDisk,
  means: KeyMeans,
  seal: Seal | null,
  passphrase: string | null,
): Promise<Unlocked> => {
  if (seal === null) {
    if ((await firstRows(disk)).some(({ value }) => isSealed(value))) throw keyLost();
    if (means.keepsKeys) return sealAnew(disk, await newWrapping(means, null), null);
    return { wrapping: { deviceKey: null, passphrase: null }, key: null };
  }
  const { deviceKey, passphrase: cost } = seal;
  if (means.keepsKeys && deviceKey === null) throw keyLost();
  if (cost === null) return settle(disk, { deviceKey, passphrase: null }, seal, await openSeal(seal, null));
  if (passphrase === null) throw new MessengerError('vault-locked', 'the vault is locked by a passphrase');
  const key = await derive(means, passphrase, cost);
  return settle(disk, { deviceKey, passphrase: { cost, key } }, seal, await openSeal(seal, key));
};

const opened = (disk: VaultDisk, dataKey: DataKey | null, hasPassphrase: boolean): OpenVault => ({
  vault: dataKey === null ? disk : sealedVault(disk, dataKey, VAULT_VERSION),
  dataKey,
  hasPassphrase,
});

const openedBy = async (disk: VaultDisk, { wrapping, key }: Unlocked): Promise<OpenVault> => {
  const dataKey = key && (await usable(key));
  if (key !== null) overwrite([key]);
  if (dataKey !== null && !(await fits(disk, dataKey))) throw keyLost();
  return opened(disk, dataKey, dataKey !== null && wrapping.passphrase !== null);
};

/**
 * A vault on its disk. One that has never been sealed is, where the platform keeps keys. Throws `vault-locked` when it takes
 * a passphrase, `wrong-passphrase`, and `vault-key-lost`; then the disk is as it was.
 */
export const openVault = async (
  disk: VaultDisk,
  means: KeyMeans,
  secret: VaultSecret,
): Promise<OpenVault> => {
  const seal = await readSeal(disk);
  if (secret !== null && 'dataKey' in secret && seal !== null) {
    const { dataKey } = secret;
    const { current, settled } = seal;
    const isSettled = settled.dataKey === current && settled.version === VAULT_VERSION;
    if (isSettled && dataKey.number === current) return opened(disk, dataKey, seal.passphrase !== null);
  }
  const passphrase = secret !== null && 'passphrase' in secret ? secret.passphrase : null;
  return openedBy(disk, await unlock(disk, means, seal, passphrase));
};

/** Null: none. */
export type PassphraseChange = { readonly current: string | null; readonly next: string | null };

/**
 * Another passphrase, or none. Every row gets a new data key: whoever has the former passphrase, and finds on the disk what was overwritten,
 * opens nothing that is there from now on. Throws as `openVault` does.
 */
export const changePassphrase = async (
  disk: VaultDisk,
  means: KeyMeans,
  { current, next }: PassphraseChange,
): Promise<OpenVault> => {
  const before = await unlock(disk, means, await readSeal(disk), current);
  const wrapping = await newWrapping(means, next);
  if (wrapping.deviceKey !== null || wrapping.passphrase !== null)
    return openedBy(disk, await sealAnew(disk, wrapping, before.key));
  return openedBy(disk, before.key === null ? before : await unseal(disk, before.wrapping, before.key));
};
