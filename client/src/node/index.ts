export { folderPartStore } from './folder-part-store.ts';
export { libsignalRatchet } from './libsignal-ratchet.ts';
export { changeSqlitePassphrase, openSqliteVault, sqliteVault } from './sqlite-vault.ts';
