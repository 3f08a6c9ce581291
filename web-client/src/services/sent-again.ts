import type { MessageFile } from '@restante/client';
import { fromBase64 } from '@restante/client/base64';
import type { PickedFile } from '../engine/calls.ts';

/** A file of a message, to be sent in another one. */
export const sentAgain = (file: MessageFile, content: Blob): PickedFile => {
  const { name, type, width, height, seconds, preview, waveform } = file;
  return {
    ...{ name, type, content },
    ...(width !== undefined && height !== undefined && { width, height }),
    ...(seconds !== undefined && { seconds }),
    ...(preview !== undefined && { preview: fromBase64(preview) }),
    ...(waveform !== undefined && { waveform: fromBase64(waveform) }),
  };
};
