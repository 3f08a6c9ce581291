/** What the page can ask its worker for, and the answers. All are plain data. */
export type WorkerCalls = {
  /** Makes this device's keys and keeps them. Its bundle, as the key server would give it out. */
  createDevice: (oneTimeKeys: number) => unknown;
  /** Makes so many one-time keys of each kind and forgets them. */
  makePreKeys: (count: number) => number;
  /** Starts a session with the peer's bundle. */
  start: (bundle: unknown) => null;
  /** Exchanges messages with the peer until both have sent so many in all. Texts that came in this call. */
  converse: (messagesEach: number) => readonly string[];
  /** Replays a transcript as both parties: how many operations. */
  replay: (transcript: unknown) => number;
};

export type Call = { readonly id: number; readonly name: keyof WorkerCalls; readonly argument: unknown };
export type Reply = { readonly id: number; readonly result?: unknown; readonly error?: string };

/** What the page offers to the test, as `signalPage`. */
export type PageApi = {
  readonly call: <N extends keyof WorkerCalls>(
    name: N,
    argument: Parameters<WorkerCalls[N]>[0],
  ) => Promise<ReturnType<WorkerCalls[N]>>;
  /** Frames that the page shows while so many one-time keys are made in the worker, or by itself. */
  readonly framesInWorker: (preKeys: number) => Promise<number>;
  readonly framesOnPage: (preKeys: number) => Promise<number>;
};
