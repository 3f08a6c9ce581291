import type { Device } from './device.ts';
import { preKeyKey, preKeyPrefix, type PreKeyKind } from '../vault/keys.ts';
import { rowsOf } from '../vault/pages.ts';
import { MAYBE_IN_STOCK, reserveKeyIds } from './keys.ts';
import type { Ratchet } from '../ratchet/ratchet.ts';
import type { MasterApi } from '../server/master-api.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY, type KeyRing, type PreKeyRecord } from '../vault/tables.ts';
import type { Row } from '../vault/vault.ts';

/**
 * The signed keys of a device are replaced once a week. Private halves of those that were replaced are kept as long as
 * a message made with them may wait or be on its way, and half as long again; one-time keys the same.
 */

const DAY_MS = 24 * 60 * 60 * 1000;
const ROTATION_MS = 7 * DAY_MS;
const KEPT_MS = 45 * DAY_MS;
const PAGE = 100;

const idOf = (key: string): number => Number(key.slice(key.indexOf(':') + 1));

/** Those of `ids`, the newest last, whose successor has been there for so long that nobody uses them any more. */
const replacedLongAgo = (
  rows: readonly Row<PreKeyRecord>[],
  ids: readonly number[],
  settledMs: number,
): readonly Row<PreKeyRecord>[] => {
  const byId = new Map(rows.map((row) => [idOf(row.key), row]));
  const inOrder = ids.flatMap((id) => byId.get(id) ?? []);
  return inOrder.filter((_, index) => {
    const successor = inOrder[index + 1];
    return successor !== undefined && successor.value.createdAt < settledMs - KEPT_MS;
  });
};

const changeRing = async (
  transaction: Transaction,
  change: (ring: KeyRing) => Partial<KeyRing>,
): Promise<void> => {
  const ring = await transaction.get('keyRing', ONLY);
  if (ring !== undefined) transaction.put('keyRing', ONLY, { ...ring, ...change(ring) });
};

/** Replaces the signed keys when they are a week old, or of a clock that was far ahead. */
export const createKeyRotation = (
  store: Store,
  device: Device,
  api: Pick<MasterApi, 'replenish'>,
  ratchet: Ratchet,
  now: () => number,
): ((settledMs: number) => Promise<void>) => {
  const keysOf = (kind: PreKeyKind): Promise<Row<PreKeyRecord>[]> =>
    rowsOf(store, 'preKeys', { prefix: preKeyPrefix(kind), limit: PAGE });

  const replace = async (createdAt: number): Promise<void> => {
    const id = await reserveKeyIds(store, 1);
    if (id === null) return;
    const ids = { signedPreKeyId: id, lastResortKyberPreKeyId: id };
    const { keys, signedPreKeyRecord, lastResortKyberPreKeyRecord } = await ratchet.createSignedKeys(
      device.identity(),
      ids,
      createdAt,
    );
    await store.transact(async (transaction) => {
      transaction.put('preKeys', preKeyKey('signed', id), { record: signedPreKeyRecord, createdAt });
      transaction.put('preKeys', preKeyKey('kyber', id), { record: lastResortKyberPreKeyRecord, createdAt });
      await changeRing(transaction, (ring) => ({
        lastResortKyberPreKeyIds: [...ring.lastResortKyberPreKeyIds, id],
      }));
    });
    await api.replenish({ ...keys, preKeys: [], kyberPreKeys: [] });
    await store.transact((transaction) => changeRing(transaction, () => ({ signedAt: createdAt })));
  };

  /** Signed and last-resort keys are made together, under one id. */
  const deleteOld = async (settledMs: number): Promise<void> => {
    const ring = await store.get('keyRing', ONLY);
    if (ring === undefined) return;
    const isLastResort = ({ key }: Row<PreKeyRecord>): boolean =>
      ring.lastResortKyberPreKeyIds.includes(idOf(key));
    const isSpent = ({ key, value }: Row<PreKeyRecord>): boolean =>
      value.createdAt < settledMs - KEPT_MS && idOf(key) < ring.nextKeyId - MAYBE_IN_STOCK;
    const kyber = await keysOf('kyber');
    const ids = ring.lastResortKyberPreKeyIds;
    const lastResorts = replacedLongAgo(kyber, ids, settledMs);
    const old = [
      ...replacedLongAgo(await keysOf('signed'), ids, settledMs),
      ...lastResorts,
      ...kyber.filter((row) => !isLastResort(row) && isSpent(row)),
      ...(await keysOf('ec')).filter(isSpent),
    ];
    const gone = lastResorts.map(({ key }) => idOf(key));
    await store.transact(async (transaction) => {
      for (const { key } of old) transaction.delete('preKeys', key);
      await changeRing(transaction, ({ lastResortKyberPreKeyIds }) => ({
        lastResortKyberPreKeyIds: lastResortKyberPreKeyIds.filter((id) => !gone.includes(id)),
      }));
    });
    for (const id of gone) await deleteUses(id);
  };

  /** Without its key a handshake cannot be done again. */
  const deleteUses = async (kyberPreKeyId: number): Promise<void> => {
    for (;;) {
      const rows = await store.list('kyberUses', { prefix: `${kyberPreKeyId}:`, limit: PAGE });
      if (rows.length === 0) return;
      await store.transact((transaction) => {
        for (const { key } of rows) transaction.delete('kyberUses', key);
      });
    }
  };

  return async (settledMs) => {
    const ring = await store.get('keyRing', ONLY);
    const nowMs = now();
    if (ring === undefined || Math.abs(nowMs - ring.signedAt) < ROTATION_MS) return;
    await replace(nowMs);
    await deleteOld(settledMs);
  };
};
