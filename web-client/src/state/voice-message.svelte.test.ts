import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Recording } from '../services/voice-recorder.ts';
import { MAX_SECONDS, VoiceMessage } from './voice-message.svelte.ts';

/** A microphone whose owner is asked first. */
const microphone = () => {
  let isOver = false;
  const asked: PromiseWithResolvers<Recording>[] = [];
  const told: string[] = [];
  const recording: Recording = {
    level: () => 0.5,
    isOver: () => isOver,
    finish: () => {
      told.push('finished');
      return Promise.resolve(new Blob(['sound']));
    },
    discard: () => void told.push('discarded'),
  };
  const voice = new VoiceMessage(
    () => {
      const question = Promise.withResolvers<Recording>();
      asked.push(question);
      return question.promise;
    },
    () => Date.now(),
  );
  const takeAway = (): void => {
    isOver = true;
  };
  return { voice, asked, told, takeAway, allow: () => asked.at(-1)!.resolve(recording) };
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what is spoken has its length and how loud it was', async () => {
  const { voice, allow, told } = microphone();
  const started = voice.start();
  expect([voice.isActive, voice.isRecording]).toEqual([true, false]);
  allow();
  await started;
  vi.advanceTimersByTime(2_000);
  expect(voice.seconds).toBe(2);
  expect(voice.lately).toHaveLength(40);
  expect(voice.lately.slice(-3)).toEqual([0.5, 0.5, 0.5]);
  const spoken = await voice.finish();
  expect(spoken).toMatchObject({ seconds: 2 });
  expect(new Set(spoken?.waveform)).toEqual(new Set([255]));
  expect([voice.isActive, told]).toEqual([false, ['finished']]);
});

test('what slipped is nothing', async () => {
  const { voice, allow } = microphone();
  const started = voice.start();
  allow();
  await started;
  vi.advanceTimersByTime(200);
  expect(await voice.finish()).toBeNull();
});

test('given up while the browser asks: the microphone is off as soon as it is on', async () => {
  const { voice, allow, told } = microphone();
  const started = voice.start();
  voice.discard();
  expect(voice.isActive).toBe(false);
  allow();
  await started;
  expect([voice.isActive, told]).toEqual([false, ['discarded']]);
});

test('of two that were begun, the one that was given up records nothing', async () => {
  const { voice, asked, allow, told } = microphone();
  const first = voice.start();
  voice.discard();
  const second = voice.start();
  asked[0]!.reject(new DOMException('no', 'NotAllowedError'));
  await first;
  expect([voice.isActive, voice.failure]).toEqual([true, null]);
  allow();
  await second;
  expect([voice.isRecording, told]).toEqual([true, []]);
  voice.discard();
  expect(told).toEqual(['discarded']);
});

test.each([
  ['NotAllowedError', 'refused'],
  ['NotFoundError', 'no-microphone'],
  ['NotReadableError', 'failed'],
] as const)('%s is told as %s', async (name, failure) => {
  const { voice, asked } = microphone();
  const started = voice.start();
  asked[0]!.reject(new DOMException('no', name));
  await started;
  expect([voice.isActive, voice.failure]).toEqual([false, failure]);
});

test('a microphone that is taken away ends it, and what was spoken waits', async () => {
  const { voice, allow, takeAway } = microphone();
  const started = voice.start();
  allow();
  await started;
  vi.advanceTimersByTime(3_000);
  takeAway();
  vi.advanceTimersByTime(60_000);
  expect([voice.isRecording, voice.seconds]).toEqual([true, 3]);
  expect(await voice.finish()).toMatchObject({ seconds: 3 });
});

test('the longest one ends by itself, and waits', async () => {
  const { voice, allow, told } = microphone();
  const started = voice.start();
  allow();
  await started;
  vi.advanceTimersByTime((MAX_SECONDS + 5) * 1_000);
  expect([voice.isRecording, voice.seconds, told]).toEqual([true, MAX_SECONDS, ['finished']]);
  expect(await voice.finish()).toMatchObject({ seconds: MAX_SECONDS });
  expect(told).toEqual(['finished']);
});
