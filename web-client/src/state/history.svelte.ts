import type { HistoryProgress } from '@restante/client';
import type { Engine } from '../engine/engine.ts';
import type { Calls } from '../engine/calls.ts';
import type { EventFeed } from '../services/event-feed.ts';
import { Action } from './action.svelte.ts';

const NONE: HistoryProgress = { state: 'none', messages: 0, total: 0 };

/** How long the rest takes, as fast as what has come since it was looked at first. Null: that is not known yet. */
export const millisecondsLeft = (
  { messages, total }: HistoryProgress,
  since: { readonly messages: number; readonly atMs: number },
  nowMs: number,
): number | null => {
  const come = messages - since.messages;
  if (come <= 0 || nowMs <= since.atMs) return null;
  return ((nowMs - since.atMs) / come) * Math.max(0, total - messages);
};

/** The messages of before this device was there, which come from another one of its account. */
export class History extends Action {
  readonly #calls: Calls;
  #progress = $state.raw(NONE);
  #msLeft = $state.raw<number | null>(null);
  #since: { readonly messages: number; readonly atMs: number } | null = null;

  constructor(engine: Pick<Engine, 'calls' | 'onStatus'>, feed: EventFeed) {
    super();
    this.#calls = engine.calls;
    const events = feed.subscribe((all) => {
      for (const { type, detail } of all) if (type === 'history') this.#note(detail);
    });
    let isSignedIn = false;
    engine.onStatus(({ phase }) => {
      if (phase !== 'signed-in') this.#note(NONE);
      else if (!isSignedIn)
        events.holdDuring(async () => this.#note(await this.#calls.historyProgress())).catch(() => undefined);
      isSignedIn = phase === 'signed-in';
    });
  }

  get progress(): HistoryProgress {
    return this.#progress;
  }
  /** Null: not known. */
  get msLeft(): number | null {
    return this.#msLeft;
  }
  take(): Promise<boolean> {
    return this.run(() => this.#calls.takeHistory());
  }
  /** Until it is taken again. */
  pause(): Promise<boolean> {
    return this.run(() => this.#calls.pauseHistory());
  }

  #note(progress: HistoryProgress): void {
    this.#progress = progress;
    if (progress.state !== 'running') this.#since = null;
    else this.#since ??= { messages: progress.messages, atMs: performance.now() };
    this.#msLeft = this.#since && millisecondsLeft(progress, this.#since, performance.now());
  }
}
