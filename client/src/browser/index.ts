export { deleteIndexedDbVault, indexedDbVault } from './indexed-db-vault.ts';
