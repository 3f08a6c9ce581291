export { deleteIndexedDbParts, indexedDbPartStore } from './indexed-db-part-store.ts';
export { changeIndexedDbPassphrase, deleteIndexedDbVault, indexedDbVault } from './indexed-db-vault.ts';
