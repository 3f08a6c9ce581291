import { folderPartStore, libsignalRatchet, sqliteVault } from '@restante/client/node';
import { signalRatchet } from '@restante/client/signal';
import { historyFile } from '../history/write.ts';
import type { DeviceStart, Report, Request } from './requests.ts';
import { runDevice } from './run-device.ts';

/** A device of a person as a process of its own. */

const start = JSON.parse(process.argv[2] ?? '{}') as DeviceStart;
const write = historyFile(start.historyFile);
const report = (message: Report): void => void process.send?.(message);

process.on('uncaughtException', (error) => {
  write({ type: 'crashed', who: start.device, how: error.stack ?? error.message });
  process.exit(1);
});

const device = runDevice({
  start,
  vault: sqliteVault(start.vaultFile),
  parts: folderPartStore(`${start.vaultFile}.parts`),
  ratchet: start.ratchet === 'signal' ? signalRatchet() : libsignalRatchet(),
  write: (happening) => {
    write(happening);
    return Promise.resolve();
  },
  die: () => void process.kill(process.pid, 'SIGKILL'),
});

process.on('message', (request: Request) => {
  device.answer(request).then(
    (value) => report({ type: 'answer', request: request.request, value }),
    (error: unknown) => report({ type: 'refusal', request: request.request, reason: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

const self = await device.begin();
if (self === null) process.exit(0);
report({ type: 'started', ...self });
