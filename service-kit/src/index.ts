export { counterOf, networkOf } from './address-counter.ts';
export {
  couchUrl,
  couchUrls,
  databasePrefix,
  httpUrl,
  httpUrls,
  namedCouchUrls,
  namedHttpUrls,
  nodeName,
  serverOf,
  serverOrigins,
} from './address-variables.ts';
export { askReady, type Readiness } from './ask-ready.ts';
export { createAgreedTime, type AgreedTime } from './agreed-time.ts';
export { readJson } from './read-json.ts';
export { CAUGHT_UP, readCaughtUp, type CaughtUp } from './caught-up.ts';
export { ConfigError, readEnvironment } from './config.ts';
export {
  BELIEVED_STEP_MS,
  CLOCK_DOCUMENT,
  clockDocument,
  clockHealth,
  createConfirmedClock,
  createDoubtWatch,
  type ClockHealth,
  type ConfirmedClock,
} from './confirmed-clock.ts';
export { readCheckpoint, writeCheckpoint, type Checkpoint } from './couch-checkpoint.ts';
export { couchRequest, requestRows, type CouchRequest, type CouchRow } from './couch-request.ts';
export { couchUrlAs, parseCouchUrl, type CouchAddress } from './couch-url.ts';
export { allowOrigins } from './cors.ts';
export {
  connectCouch,
  CouchError,
  hasStatus,
  StoreFailedError,
  toCouchError,
  wholeAnswer,
  type CouchServer,
} from './couch.ts';
export { readPrivateKey, readPublicKeys } from './ed25519-key.ts';
export {
  bearerToken,
  createHttpApp,
  jsonBody,
  MAX_REQUEST_IDS,
  methodNotAllowed,
  REQUEST_ID,
  requestIdOf,
  type Answer,
} from './http-app.ts';
export {
  CONFLICT_SCAN,
  instanceOf,
  keptPath,
  readKept,
  removeKept,
  writeKept,
  type About,
} from './kept-about.ts';
export { listen, type HttpServer } from './http-server.ts';
export { createLog, pseudonym, type Logger } from './log.ts';
export { startLoop, type Loop } from './loop.ts';
export { messageTtlDays } from './message-ttl.ts';
export {
  countAnswers,
  Counter,
  createRegistry,
  Gauge,
  Histogram,
  metricsRoute,
  type Registry,
} from './metrics.ts';
export { watchOpenFiles } from './open-files.ts';
export { runService } from './run-service.ts';
export { answerWith, bodySaid, readBody, speaks } from './spoken-version.ts';
export { parseInput, ServiceError, toServiceError } from './service-error.ts';
export {
  createTokenSigner,
  createTokenVerifier,
  type BlobRight,
  type DeviceGrantRight,
  type TokenDevice,
  type TokenSigner,
  type TokenVerifier,
} from './token.ts';
export { createSetAside, type SetAside, type SetAsideDocument } from './set-aside.ts';
export {
  createObjectStore,
  ObjectStoreError,
  type ObjectPlace,
  type ObjectStore,
  type ObjectStoreAddress,
} from './object-store.ts';
export { blobStore, objectStoreAddress, objectStoreVariables } from './object-store-variables.ts';
