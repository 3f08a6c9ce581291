export { changeIndexedDbPassphrase, deleteIndexedDbVault, indexedDbVault } from './indexed-db-vault.ts';
