/** `node couchdb/embedded/main.ts`: the embedded server as a process of its own, configured by its environment. */
import { createFaultLog } from './fault-log.ts';
import type { Log } from './log.ts';
import { watchOpenFiles } from './open-files.ts';
import { startEmbeddedCouch, type EmbeddedCouchConfig } from './server.ts';

const log: Log = (event, fields) =>
  console.error(JSON.stringify({ service: 'embedded couchdb', event, ...fields }));

const config = readConfig(process.env);
if (config !== undefined) {
  const stop = Promise.withResolvers<unknown>();
  process.once('SIGTERM', stop.resolve);
  process.once('SIGINT', stop.resolve);
  const tellFault = createFaultLog(log);
  process.on('unhandledRejection', (failure) => tellFault('unexpected failure', {}, failure));
  watchOpenFiles(log);
  if (process.env['EMBEDDED_COUCH_EXIT_WITH_PARENT'] === '1') process.stdin.on('end', stop.resolve).resume();

  try {
    await using server = await startEmbeddedCouch(config);
    console.log(`embedded couchdb ready on ${server.url}`);
    await stop.promise;
  } catch (failure) {
    console.error(`embedded couchdb: ${failure instanceof Error ? failure.message : 'failed'}`);
    process.exitCode = 1;
  }
  process.stdin.destroy();
}

/** Names everything that is missing or wrong, and answers undefined then. */
function readConfig(environment: NodeJS.ProcessEnv): EmbeddedCouchConfig | undefined {
  const required = ['DATA_DIR', 'PORT', 'ADMIN', 'PASSWORD'].map((name) => `EMBEDDED_COUCH_${name}`);
  const missing = required.filter((name) => (environment[name] ?? '') === '');
  const [dataDir = '', portText = '', name = '', password = ''] = required.map((key) => environment[key]);
  const port = Number(portText);
  const faults = missing.map((key) => `${key} is not set`);
  if (portText !== '' && !(Number.isInteger(port) && port >= 0 && port < 65_536))
    faults.push('EMBEDDED_COUCH_PORT is not a port');
  for (const fault of faults) console.error(`embedded couchdb: ${fault}`);
  if (faults.length > 0) {
    process.exitCode = 2;
    return undefined;
  }
  return {
    dataDir,
    port,
    host: environment['EMBEDDED_COUCH_HOST'] ?? '127.0.0.1',
    admin: { name, password },
    log,
  };
}
