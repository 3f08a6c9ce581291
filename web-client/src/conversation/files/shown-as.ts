import type { MessageFile } from '@restante/client';
import type { FileKind } from '../../state/fetched-unasked.svelte.ts';

/** What is shown as a picture, once its bytes say that they are one. Neither SVG nor HTML ever is: they are files. */
const PICTURES = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

export const isPicture = ({ type }: Pick<MessageFile, 'type'>): boolean => PICTURES.has(type);

/** What the browser plays. */
export const playsAs = ({ type }: Pick<MessageFile, 'type'>): 'audio' | 'video' | null => {
  if (/^audio\/(?:mpeg|mp4|aac|ogg|webm|wav|flac|x-wav|x-m4a)$/.test(type)) return 'audio';
  return /^video\/(?:mp4|webm|ogg|quicktime)$/.test(type) ? 'video' : null;
};

/** What somebody has spoken into their messenger. */
export const isVoice = (file: Pick<MessageFile, 'type' | 'waveform' | 'seconds'>): boolean =>
  playsAs(file) === 'audio' && file.waveform !== undefined && file.seconds !== undefined;

export const kindOf = (file: MessageFile): FileKind => {
  if (isPicture(file)) return 'pictures';
  if (isVoice(file)) return 'voice';
  return playsAs(file) === null ? 'files' : 'media';
};

/** What a file's name ends with, for its sign: at most four letters. */
export const endingOf = (name: string): string => (/\.([a-z0-9]{1,4})$/i.exec(name)?.[1] ?? '').toUpperCase();
