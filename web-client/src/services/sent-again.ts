import type { MessageFile } from '@restante/client';
import type { PickedFile } from '../engine/calls.ts';

const bytesOf = (base64: string): Uint8Array =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** A file of a message, to be sent in another one. */
export const sentAgain = (file: MessageFile, content: Blob): PickedFile => {
  const { name, type, width, height, seconds, preview, waveform } = file;
  return {
    ...{ name, type, content },
    ...(width !== undefined && height !== undefined && { width, height }),
    ...(seconds !== undefined && { seconds }),
    ...(preview !== undefined && { preview: bytesOf(preview) }),
    ...(waveform !== undefined && { waveform: bytesOf(waveform) }),
  };
};
