import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, test } from 'vitest';
import { vaultContract } from '../vault/vault.contract.ts';
import type { Vault } from '../vault/vault.ts';
import { createMessenger } from '../messenger.ts';
import { readRow, VAULT_VERSION } from '../vault/rows.ts';
import { copyRecordedVault, expectRecordedRows, recordedRows } from './testing/recorded-vault.ts';
import { libsignalRatchet } from './libsignal-ratchet.ts';
import { changeSqlitePassphrase, openSqliteVault, sqliteVault } from './sqlite-vault.ts';

const folder = mkdtempSync(join(tmpdir(), 'restante-vault-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const nextFile = (): string => join(folder, `${(files += 1)}.sqlite`);
const paths = new Map<Vault, string>();

vaultContract(
  'SQLite',
  () => {
    const path = nextFile();
    const vault = sqliteVault(path);
    paths.set(vault, path);
    return Promise.resolve(vault);
  },
  (closed) => Promise.resolve(sqliteVault(paths.get(closed)!)),
);

vaultContract(
  'SQLite with a passphrase',
  async () => {
    const path = nextFile();
    const vault = await openSqliteVault(path, 'passphrase');
    paths.set(vault, path);
    return vault;
  },
  (closed) => openSqliteVault(paths.get(closed)!, 'passphrase'),
);

/** Everything that lies on the disk for this vault. */
const filesOf = (path: string): Buffer =>
  Buffer.concat(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .filter((file) => file.startsWith(path))
      .map((file) => readFileSync(file)),
  );

describe('a passphrase', () => {
  /** Bytes of the recorded vault that must not be had without its passphrase. */
  const secrets = (): Buffer[] =>
    recordedRows().flatMap(({ table, value }) => {
      if (table === 'self') return [Buffer.from(readRow('self', value)!.deviceSecret)];
      if (table === 'identity') return [Buffer.from(readRow('identity', value)!.keyPair)];
      if (table === 'preKeys') return [Buffer.from(readRow('preKeys', value)!.record)];
      if (table === 'sessions') return [Buffer.from((value as { record: Uint8Array }).record)];
      if (table !== 'tokens') return [];
      const { masterToken, mailboxToken } = readRow('tokens', value)!;
      return [masterToken, mailboxToken].map((token) => Buffer.from(token));
    });
  const found = (path: string): number => {
    const bytes = filesOf(path);
    return secrets().filter((secret) => bytes.includes(secret)).length;
  };

  test('leaves no key, token or text of a vault that was not sealed before on the disk', async () => {
    const path = nextFile();
    copyRecordedVault(path);
    expect(secrets().length).toBeGreaterThanOrEqual(6);
    // Long ones lie in several pages of the file.
    expect(found(path)).toBeGreaterThanOrEqual(6);
    expect(filesOf(path).includes('Full of snails.')).toBe(true);

    const vault = await openSqliteVault(path, 'passphrase');
    expect(found(path)).toBe(0);
    expect(filesOf(path).includes('snails')).toBe(false);
    await expectRecordedRows(vault);
    await vault.close();
    expect(found(path)).toBe(0);
  });

  test('is asked for from then on, is changed, and is taken off', async () => {
    const path = nextFile();
    copyRecordedVault(path);
    await changeSqlitePassphrase(path, { current: null, next: 'one' });
    expect(() => sqliteVault(path)).toThrow(expect.objectContaining({ code: 'vault-locked' }));
    const stored = (): unknown[] => {
      const database = new DatabaseSync(path, { readOnly: true });
      try {
        return ['entries', 'beside'].map((table) => database.prepare(`SELECT * FROM ${table}`).all());
      } finally {
        database.close();
      }
    };
    const before = stored();
    await expect(openSqliteVault(path, 'two')).rejects.toMatchObject({ code: 'wrong-passphrase' });
    await expect(changeSqlitePassphrase(path, { current: 'two', next: null })).rejects.toMatchObject({
      code: 'wrong-passphrase',
    });
    expect(stored()).toEqual(before);

    await changeSqlitePassphrase(path, { current: 'one', next: 'two' });
    await expect(openSqliteVault(path, 'one')).rejects.toMatchObject({ code: 'wrong-passphrase' });
    const vault = await openSqliteVault(path, 'two');
    await expectRecordedRows(vault);
    await vault.close();

    await changeSqlitePassphrase(path, { current: 'two', next: null });
    const open = sqliteVault(path);
    await expectRecordedRows(open);
    await open.close();
  });
});

test('a recorded vault of version 2 opens with every row, and a messenger shows what is in it', async () => {
  const path = nextFile();
  copyRecordedVault(path);
  const vault = sqliteVault(path);
  await expectRecordedRows(vault);

  const faults: unknown[] = [];
  await using messenger = createMessenger({ masters: [], vault, ratchet: libsignalRatchet() });
  messenger.on('fault', (fault) => faults.push(fault));
  const [conversation] = await messenger.conversations();
  expect(conversation).toMatchObject({
    username: 'bob',
    verification: 'none',
    draft: 'Draft',
    unread: 1,
  });
  const messages = await messenger.messages(conversation!.id);
  expect(messages.map(({ text, state }) => [text, state])).toEqual([
    ['How is the garden?', 'delivered'],
    ['Full of snails.', 'received'],
    ['Then we plant something else.', 'queued'],
  ]);
  expect(faults).toEqual([]);
});

test('a vault of a later version is told as that, and is left as it is', () => {
  const path = nextFile();
  copyRecordedVault(path);
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA user_version = ${VAULT_VERSION + 1}`);
  database.close();
  const before = readFileSync(path);
  expect(() => sqliteVault(path)).toThrow(expect.objectContaining({ code: 'vault-too-new' }));
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a migration that fails leaves the vault as it was, and the next opening takes it again', async () => {
  const path = nextFile();
  copyRecordedVault(path);
  const broken = new DatabaseSync(path);
  broken.exec(`
    CREATE TRIGGER refuse BEFORE DELETE ON entries WHEN old.tbl = 'sessions'
    BEGIN SELECT RAISE(ABORT, 'no'); END;
  `);
  expect(() => sqliteVault(path)).toThrow('no');
  broken.exec('DROP TRIGGER refuse');
  broken.close();
  const vault = sqliteVault(path);
  const [session] = await vault.list('sessions', { limit: 1 });
  expect(readRow('sessions', session?.value)).toMatchObject({ generation: 0 });
  await vault.close();
});

test('kill -9 at any moment: every commit that was reported is whole, and none is half there', async () => {
  const path = nextFile();
  const writer = new URL('testing/vault-writer.ts', import.meta.url).pathname;
  let reported = 0;
  for (let kill = 1; kill <= 5; kill += 1) {
    const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const target = reported + 1 + kill * 7;
    for await (const line of createInterface({ input: child.stdout })) {
      reported = Number(line);
      if (reported >= target) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');

    const vault = sqliteVault(path);
    const [one, two] = [
      (await vault.list('renewals', { limit: 100_000 })).map(({ key }) => key),
      (await vault.list('expired', { limit: 100_000 })).map(({ key }) => key),
    ];
    await vault.close();
    expect(one).toEqual(two);
    expect(one.length).toBeGreaterThanOrEqual(reported);
  }
});
