export { startEmbeddedCouch, type EmbeddedCouch, type EmbeddedCouchConfig } from './server.ts';
