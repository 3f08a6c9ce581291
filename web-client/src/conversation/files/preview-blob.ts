import { fromBase64 } from '@restante/client/base64';
import { pictureHeader } from '../../services/picture-header.ts';

/** The small picture of a file that came with its message; null: there is none, or none that is shown. */
export const previewBlob = (preview: string | undefined): Blob | null => {
  if (preview === undefined) return null;
  const bytes = fromBase64(preview);
  const header = pictureHeader(bytes);
  return header === null ? null : new Blob([bytes], { type: header.type });
};
