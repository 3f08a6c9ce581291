import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

/** Two connections to a relay in a process of its own: what one sends, the other gets. */
export type Relay = AsyncDisposable & {
  readonly send: (text: string) => void;
  onText: (text: string) => void;
};

export const startRelay = async (): Promise<Relay> => {
  const child = fork(fileURLToPath(new URL('./relay.ts', import.meta.url)));
  const [port] = (await once(child, 'message')) as [number];
  const connect = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    await once(socket, 'open');
    return socket;
  };
  const [sender, receiver] = [await connect(), await connect()];
  const relay: Relay = {
    send: (text) => sender.send(text),
    onText: () => undefined,
    [Symbol.asyncDispose]: async () => {
      sender.terminate();
      receiver.terminate();
      child.disconnect();
      await once(child, 'exit');
    },
  };
  receiver.on('message', (data) => relay.onText((data as Buffer).toString('utf8')));
  return relay;
};
