import { startLoadProcess, type LoadProcess } from './load-process.ts';

/** Opens one WebSocket for each item, which is the subprotocols to offer, and holds it. */
export type SocketsTask = { readonly url: string; readonly protocols: readonly (readonly string[])[] };

export const startSockets = (): LoadProcess<SocketsTask, null> =>
  startLoadProcess(new URL('./sockets.ts', import.meta.url));
