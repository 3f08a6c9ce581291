import { conversation } from './conversation.ts';
import { createPreKeys } from './pre-keys.ts';
import { replay, type Transcript } from './replay.ts';
import type { Call, Reply, WorkerCalls } from './worker-calls.ts';
import { openVault } from './vault.ts';

const vault = openVault();

const answers: { [N in keyof WorkerCalls]: (argument: never) => unknown } = {
  createDevice: async (oneTimeKeys: number) => (await conversation(vault)).createDevice(oneTimeKeys),
  makePreKeys: (count: number) => createPreKeys(count),
  start: async (bundle: never) => (await conversation(vault)).start(bundle),
  converse: async (messagesEach: number) => (await conversation(vault)).converse(messagesEach),
  replay: (transcript: Transcript) => replay(transcript),
};

addEventListener('message', ({ data: { id, name, argument } }: MessageEvent<Call>) => {
  const reply = (answer: Reply): void => postMessage(answer);
  Promise.resolve()
    .then(() => answers[name](argument as never))
    .then(
      (result) => reply({ id, result }),
      (error: unknown) => reply({ id, error: String(error instanceof Error ? error.stack : error) }),
    );
});
