import type { Recording } from '../services/voice-recorder.ts';
import { waveFormOf } from '../services/wave-form.ts';

/** A voice message that has been spoken. */
export type Spoken = {
  readonly content: Blob;
  readonly seconds: number;
  readonly waveform: Uint8Array;
};

/** Why nothing is recorded: the browser does not let the microphone be used, there is none, or it gives nothing. */
export type RecordingFailure = 'refused' | 'no-microphone' | 'failed';

/** How often it is looked how loud it is. */
const LOOK_EVERY_MS = 50;
/** Times that are shown. */
export const LATELY = 48;
/** A recording ends by itself then, and waits to be sent. */
export const MAX_SECONDS = 60 * 60;
/** Of shorter ones nothing is heard: a finger that slipped. */
const MIN_SECONDS = 0.5;

const failureOf = (error: unknown): RecordingFailure => {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused';
  return name === 'NotFoundError' ? 'no-microphone' : 'failed';
};

type Running = { readonly recording: Recording; readonly sinceMs: number; ended: Promise<Blob> | null };

/** The voice message that is being spoken in a conversation, if one is. */
export class VoiceMessage {
  readonly #record: () => Promise<Recording>;
  readonly #now: () => number;
  #running: Running | null = $state.raw(null);
  /** The one that the browser is asked for. */
  #asking: object | null = $state.raw(null);
  #levels: number[] = [];
  #lately = $state.raw<readonly number[]>([]);
  #seconds = $state(0);
  #failure = $state.raw<RecordingFailure | null>(null);
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `now`: milliseconds that only grow. */
  constructor(record: () => Promise<Recording>, now: () => number = () => performance.now()) {
    this.#record = record;
    this.#now = now;
  }

  /** Something is recorded, or will be as soon as the browser lets it. */
  get isActive(): boolean {
    return this.#running !== null || this.#asking !== null;
  }
  get isRecording(): boolean {
    return this.#running !== null;
  }
  get seconds(): number {
    return this.#seconds;
  }
  get failure(): RecordingFailure | null {
    return this.#failure;
  }
  /** How loud it was lately, at most {@link LATELY} times, the newest last. */
  get lately(): readonly number[] {
    return this.#lately;
  }

  async start(): Promise<void> {
    if (this.isActive) return;
    const asking = {};
    this.#asking = asking;
    this.#failure = null;
    this.#levels = [];
    this.#lately = [];
    this.#seconds = 0;
    try {
      const recording = await this.#record();
      if (this.#asking !== asking) {
        recording.discard();
        return;
      }
      this.#running = { recording, sinceMs: this.#now(), ended: null };
      this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    } catch (error) {
      if (this.#asking === asking) this.#failure = failureOf(error);
    } finally {
      if (this.#asking === asking) this.#asking = null;
    }
  }

  /** Ends it. Null: there is nothing to be heard. */
  async finish(): Promise<Spoken | null> {
    const running = this.#running;
    if (running === null) {
      this.discard();
      return null;
    }
    this.#look();
    const [seconds, levels] = [this.#seconds, this.#levels];
    this.#over();
    const content = await (running.ended ??= running.recording.finish());
    if (seconds < MIN_SECONDS || content.size === 0) return null;
    return { content, seconds, waveform: waveFormOf(levels) };
  }

  discard(): void {
    this.#asking = null;
    this.#running?.recording.discard();
    this.#over();
  }

  #over(): void {
    clearInterval(this.#timer);
    this.#running = null;
  }

  #look(): void {
    const running = this.#running;
    if (running === null || running.ended !== null) return;
    if (running.recording.isOver()) {
      running.ended = running.recording.finish();
      return;
    }
    this.#seconds = Math.min(MAX_SECONDS, (this.#now() - running.sinceMs) / 1000);
    this.#levels.push(running.recording.level());
    this.#lately = this.#levels.slice(-LATELY);
    if (this.#seconds === MAX_SECONDS) running.ended = running.recording.finish();
  }
}
