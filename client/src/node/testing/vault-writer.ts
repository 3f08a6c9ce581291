import { sqliteVault } from '../sqlite-vault.ts';

/** A process that commits to two tables at once and reports each commit, until it is killed. */
const vault = sqliteVault(process.argv[2] ?? '');
const existing = (await vault.list('renewals', { limit: 100_000 })).length;
for (let count = existing + 1; ; count += 1) {
  const key = String(count).padStart(8, '0');
  await vault.commit([
    { table: 'renewals', key, value: count },
    { table: 'expired', key, value: count },
  ]);
  process.stdout.write(`${count}\n`);
}
