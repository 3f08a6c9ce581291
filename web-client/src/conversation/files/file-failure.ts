import type { Failure } from '../../services/error-text.ts';
import type { Strings } from '../../i18n/en/index.ts';

/** Why a file cannot be had, in words. */
export const fileFailureText = (
  { code }: Failure,
  { files, errors }: Pick<Strings, 'files' | 'errors'>,
): string => {
  switch (code) {
    case 'not-found':
      return files.gone;
    case 'blob-altered':
      return files.altered;
    case 'unreachable':
    case 'unavailable':
      return files.away;
    default:
      return errors[code];
  }
};
