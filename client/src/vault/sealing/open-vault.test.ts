import { createHash } from 'node:crypto';
import { serialize } from 'node:v8';
import { describe, expect, test } from 'vitest';
import type { MessengerError } from '../../messenger-error.ts';
import { GONE, recordedRows, RECORDED_VERSION } from '../../node/testing/recorded-vault.ts';
import { readRow, TABLES, VAULT_VERSION } from '../rows.ts';
import { createVaultStore } from '../store.ts';
import { ONLY, type Self, type TableName } from '../tables.ts';
import { vaultContract } from '../vault.contract.ts';
import type { Change, Vault } from '../vault.ts';
import { newRawDataKey, usable } from './data-keys.ts';
import { changePassphrase, openVault, type KeyMeans, type VaultSecret } from './open-vault.ts';
import { encodeRow, isSealed, sealRow } from './row-seal.ts';
import { UNSEALED, writeSeal, type Seal } from './seal.ts';
import { memoryDisk, newMemory, type Memory } from './testing/memory-disk.ts';

/** Cheap in place of argon2id, which has tests of its own. */
const deriveKey: KeyMeans['deriveKey'] = (passphrase, { salt }) =>
  Promise.resolve(new Uint8Array(createHash('sha256').update(salt).update(passphrase).digest()));

const BROWSER: KeyMeans = { deriveKey, keepsKeys: true };
const PROCESS: KeyMeans = { deriveKey, keepsKeys: false };

const open = async (memory: Memory, secret: VaultSecret = null, means = BROWSER): Promise<Vault> =>
  (await openVault(memoryDisk(memory), means, secret)).vault;
const change = (memory: Memory, current: string | null, next: string | null, means = BROWSER) =>
  changePassphrase(memoryDisk(memory), means, { current, next });
const code = (of: MessengerError['code']) => expect.objectContaining({ code: of }) as Error;

const self: Self = {
  accountId: 'alice',
  deviceId: 1,
  username: 'alice',
  deviceSecret: 'the secret of this device',
};
const key = new TextEncoder().encode('a private key, 32 bytes of it ...');
const ROWS = [
  { table: 'self', key: ONLY, value: self },
  { table: 'identity', key: ONLY, value: { registrationId: 7, identityKey: 'public', keyPair: key } },
  { table: 'preKeys', key: 'ec:1', value: { record: key, createdAt: 1 } },
  { table: 'preKeys', key: 'ec:2', value: { record: key.toReversed(), createdAt: 2 } },
  { table: 'kyberUses', key: '1:2:c', value: 3 },
] satisfies Change[];

const written = async (
  secret: VaultSecret = null,
  means = BROWSER,
  memory = newMemory(),
): Promise<Memory> => {
  await (await open(memory, secret, means)).commit(ROWS);
  return memory;
};
const expectRows = async (vault: Vault): Promise<void> => {
  for (const row of ROWS) expect(await vault.get(row.table, row.key)).toEqual(row.value);
};
const stored = (memory: Memory): [string, string, unknown][] =>
  [...memory.tables].flatMap(([table, rows]) =>
    [...rows].map(([name, value]): [string, string, unknown] => [table, name, value]),
  );
const copied = (memory: Memory): Memory => ({
  tables: new Map([...memory.tables].map(([table, rows]) => [table, new Map(rows)])),
  beside: new Map(memory.beside),
});
const sealOf = (memory: Memory): Seal => memory.beside.get('seal') as Seal;

const memories = new Map<Vault, Memory>();
for (const [name, secret, means] of [
  ['a device key', null, BROWSER],
  ['a passphrase', { passphrase: 'p' }, PROCESS],
] as const) {
  const opened = async (memory: Memory): Promise<Vault> => {
    const vault = await open(memory, secret, means);
    memories.set(vault, memory);
    return vault;
  };
  vaultContract(
    `sealed under ${name}`,
    async () => {
      const memory = newMemory();
      if (secret !== null) await change(memory, null, secret.passphrase, means);
      return opened(memory);
    },
    (closed) => opened(memories.get(closed)!),
  );
}

test('what is at rest shows tables, keys and lengths, and nothing of what is in a row', async () => {
  const rows = stored(await written());
  expect(rows.map(([table, name]) => [table, name])).toEqual(
    ROWS.map(({ table, key: name }) => [table, name]),
  );
  const bytes = serialize(rows.map(([, , value]) => value));
  for (const secret of [self.deviceSecret, self.username, key])
    expect(bytes.includes(Buffer.from(secret))).toBe(false);
});

describe('a row that was not sealed for its place', () => {
  const exchange = (memory: Memory, one: [TableName, string], other: [TableName, string]): void => {
    const [first, second] = [one, other].map(([table, name]) => memory.tables.get(table)!.get(name));
    memory.tables.get(one[0])!.set(one[1], second);
    memory.tables.get(other[0])!.set(other[1], first);
  };
  test.each([
    ['exchanged with another of its table', ['preKeys', 'ec:2']],
    ['exchanged with one of another table', ['kyberUses', '1:2:c']],
  ] as const)('%s is told, passed over, and kept aside when it is written over', async (_, other) => {
    const memory = await written();
    exchange(memory, ['preKeys', 'ec:1'], [...other]);
    const moved = memory.tables.get('preKeys')!.get('ec:1');
    const faults: MessengerError[] = [];
    const store = createVaultStore(await open(memory), (fault) => faults.push(fault));
    expect(await store.get('preKeys', 'ec:1')).toBeUndefined();
    expect(faults).toEqual([code('unfit-row')]);
    await store.transact(async (transaction) => {
      expect(await transaction.get('preKeys', 'ec:1')).toBeUndefined();
      transaction.put('preKeys', 'ec:1', { record: key, createdAt: 5 });
    });
    expect(await store.get('unfitRows', 'preKeys ec:1')).toMatchObject({ value: [moved] });
  });

  test.each(TABLES)('fits no table: %s', async (table) => {
    const memory = await written();
    for (const value of [memory.tables.get('self')!.get(ONLY), { any: 'thing' }, 'text', 5, true]) {
      memory.tables.set(table, new Map(memory.tables.get(table)).set('elsewhere', value));
      const vault = await open(memory);
      expect(readRow(table, await vault.get(table, 'elsewhere'))).toBeUndefined();
    }
  });

  test('one byte of it changed: whose vault this is must not look as if nobody had signed in', async () => {
    const memory = await written();
    const bytes = new Uint8Array(memory.tables.get('self')!.get(ONLY) as Uint8Array);
    bytes[bytes.length - 1]! ^= 1;
    memory.tables.get('self')!.set(ONLY, bytes);
    await expect(createVaultStore(await open(memory)).get('self', ONLY)).rejects.toThrow(
      code('storage-failed'),
    );
  });
});

describe('a key that is missing or does not fit', () => {
  test.each<[string, (memory: Memory) => Promise<void> | void]>([
    ['no seal', (memory) => void memory.beside.delete('seal')],
    ['no seal that can be read', (memory) => void memory.beside.set('seal', { deviceKey: 'no' })],
    ['no device key', (memory) => void memory.beside.set('seal', { ...sealOf(memory), deviceKey: null })],
    [
      'the device key of another vault',
      async (memory) => {
        const { deviceKey } = sealOf(await written());
        memory.beside.set('seal', { ...sealOf(memory), deviceKey });
      },
    ],
    ['the seal of another vault', async (memory) => void memory.beside.set('seal', sealOf(await written()))],
    [
      'a seal that lets rows lie unsealed',
      (memory) => {
        const seal = sealOf(memory);
        memory.beside.set('seal', { ...seal, settled: { ...seal.settled, dataKey: UNSEALED } });
      },
    ],
  ])('%s: told by name, and the disk is left as it is', async (_, damage) => {
    const memory = await written();
    await damage(memory);
    const before = copied(memory);
    const written_ = (): void => {
      throw new Error('written');
    };
    await expect(openVault(memoryDisk(memory, written_), BROWSER, null)).rejects.toThrow(
      code('vault-key-lost'),
    );
    expect(memory).toEqual(before);
  });

  test('one bad row does not speak for the key', async () => {
    const memory = await written();
    memory.tables.get('self')!.set(ONLY, new Uint8Array(80));
    expect(await (await open(memory)).get('preKeys', 'ec:1')).toEqual(ROWS[2]!.value);
  });
});

describe('a passphrase', () => {
  test.each([
    ['with a device key', BROWSER],
    ['without', PROCESS],
  ])('opens what it has sealed, and nothing else does: %s', async (_, means) => {
    const memory = await written(null, means);
    await change(memory, null, 'one', means);
    const before = copied(memory);
    await expect(open(memory, null, means)).rejects.toThrow(code('vault-locked'));
    await expect(open(memory, { passphrase: 'two' }, means)).rejects.toThrow(code('wrong-passphrase'));
    await expect(change(memory, 'two', null, means)).rejects.toThrow(code('wrong-passphrase'));
    await expect(change(memory, null, 'two', means)).rejects.toThrow(code('vault-locked'));
    expect(memory).toEqual(before);
    await expectRows(await open(memory, { passphrase: 'one' }, means));
    expect(serialize(stored(memory)).includes(Buffer.from(key))).toBe(false);

    await change(memory, 'one', 'two', means);
    await expect(open(memory, { passphrase: 'one' }, means)).rejects.toThrow(code('wrong-passphrase'));
    await expectRows(await open(memory, { passphrase: 'two' }, means));

    await change(memory, 'two', null, means);
    await expectRows(await open(memory, null, means));
    expect(serialize(stored(memory)).includes(Buffer.from(key))).toBe(means === PROCESS);
  });

  test('is the same on every keyboard', async () => {
    const memory = await written();
    await change(memory, null, 'caf\u00e9');
    await expectRows(await open(memory, { passphrase: 'cafe\u0301' }));
  });

  test('the seal of before its change, put back, opens nothing of what is there now', async () => {
    const memory = await written();
    const before = sealOf(memory);
    await change(memory, null, 'one');
    memory.beside.set('seal', before);
    await expect(open(memory)).rejects.toThrow(code('vault-key-lost'));
  });

  test('the data key of an open vault opens it elsewhere, until the passphrase is changed', async () => {
    const memory = await written();
    const { dataKey } = await change(memory, null, 'one');
    await expectRows(await open(memory, { dataKey: dataKey! }));
    await change(memory, 'one', 'two');
    await expect(open(memory, { dataKey: dataKey! })).rejects.toThrow(code('vault-locked'));
    await expect(crypto.subtle.exportKey('raw', dataKey!.key)).rejects.toThrow();
  });
});

describe('each step of it may be the last before a power cut', () => {
  /** Runs `work` on copies of `memory`, dying before its first write, its second, and so on, until it does not die. */
  const dyingAtEach = async (
    memory: Memory,
    work: (memory: Memory, beforeWrite: () => void) => Promise<unknown>,
    check: (memory: Memory) => Promise<void>,
  ): Promise<number> => {
    for (let last = 0; ; last += 1) {
      const copy = copied(memory);
      let writes = 0;
      const dies = await work(copy, () => {
        if (writes === last) throw new Error('power cut');
        writes += 1;
      }).then(
        () => false,
        () => true,
      );
      await check(copy);
      if (!dies) return last;
    }
  };

  const unsealed = async (): Promise<Memory> => {
    const memory = newMemory();
    await memoryDisk(memory).commit(ROWS);
    return memory;
  };
  const expectSealed = (memory: Memory): void => {
    expect(stored(memory).every(([, , value]) => isSealed(value))).toBe(true);
    expect(sealOf(memory)).toMatchObject({ settled: { dataKey: sealOf(memory).current } });
  };

  test('a vault of before is sealed', async () => {
    const steps = await dyingAtEach(
      await unsealed(),
      (memory, beforeWrite) => openVault(memoryDisk(memory, beforeWrite), BROWSER, null),
      async (memory) => {
        await expectRows(await open(memory));
        expectSealed(memory);
      },
    );
    expect(steps).toBeGreaterThan(4);
  });

  test('a passphrase is changed: the one until now opens it, or the new one', async () => {
    const memory = await written();
    await change(memory, null, 'one');
    await dyingAtEach(
      memory,
      (copy, beforeWrite) =>
        changePassphrase(memoryDisk(copy, beforeWrite), BROWSER, { current: 'one', next: 'two' }),
      async (copy) => {
        const vault = await open(copy, { passphrase: 'two' }).catch(() => open(copy, { passphrase: 'one' }));
        await expectRows(vault);
        expectSealed(copy);
      },
    );
  });

  test('a passphrase is taken off a vault that lies unsealed without it', async () => {
    const memory = await written(null, PROCESS);
    await change(memory, null, 'one', PROCESS);
    await dyingAtEach(
      memory,
      (copy, beforeWrite) =>
        changePassphrase(memoryDisk(copy, beforeWrite), PROCESS, { current: 'one', next: null }),
      async (copy) => {
        await expectRows(
          await open(copy, null, PROCESS).catch(() => open(copy, { passphrase: 'one' }, PROCESS)),
        );
      },
    );
  });
});

test('a sealed vault of an earlier version is taken to this one, and what cannot be opened stays as it is', async () => {
  const memory = newMemory();
  const disk = memoryDisk(memory);
  const raw = newRawDataKey(5);
  const dataKey = await usable(raw);
  const recorded = recordedRows();
  const sealed = await Promise.all(
    recorded.map(async ({ table, key: name, value }) => ({
      ...{ table, key: name },
      value: await sealRow(dataKey, RECORDED_VERSION, encodeRow(table, name, value)),
    })),
  );
  const foreign = { table: 'sessions', key: 'foreign', value: new Uint8Array([1, 2, 3]) };
  await disk.commit([...sealed, foreign] as unknown as Change[]);
  const state = { current: 5, settled: { dataKey: 5, version: RECORDED_VERSION } };
  const wrapping = { passphrase: null, deviceKey: null };
  await writeSeal(disk, wrapping, state, [raw]);

  const vault = await open(memory, null, PROCESS);
  for (const { table, key: name } of recorded) {
    if (GONE.includes(table)) continue;
    const value = await vault.get(table as TableName, name);
    expect(readRow(table as TableName, value), table).toBeDefined();
  }
  expect(memory.tables.get('sessions')!.get('foreign')).toEqual(foreign.value);
  expect(sealOf(memory).settled).toEqual({ dataKey: 5, version: VAULT_VERSION });
});
