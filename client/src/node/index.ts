export { libsignalRatchet } from './libsignal-ratchet.ts';
export { sqliteVault } from './sqlite-vault.ts';
