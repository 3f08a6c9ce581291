import { fromBase64 } from '@restante/client/base64';

/** How loud a voice message is from its beginning to its end, as it is sent: one byte for each of so many equal times. */
export const WAVE_FORM_BYTES = 48;

/** `levels`: how loud it was, 0 to 1, at equal distances. A byte is the loudest of its time, against the loudest of all. */
export const waveFormOf = (levels: readonly number[]): Uint8Array => {
  const loudest = levels.reduce((most, level) => Math.max(most, level), 0);
  return Uint8Array.from({ length: WAVE_FORM_BYTES }, (_, index) => {
    const from = Math.floor((index * levels.length) / WAVE_FORM_BYTES);
    const to = Math.max(from + 1, Math.floor(((index + 1) * levels.length) / WAVE_FORM_BYTES));
    const level = Math.max(0, ...levels.slice(from, to));
    return loudest > 0 ? Math.round((255 * level) / loudest) : 0;
  });
};

/** Heights, 0 to 1, of what came with a voice message. */
export const barsOf = (waveform: string): number[] => Array.from(fromBase64(waveform), (byte) => byte / 255);
