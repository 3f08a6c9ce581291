import type { Failure } from '../../services/error-text.ts';
import type { Strings } from '../../i18n/en/index.ts';

/** Whether the file may be had later: what is in the way is the network, or a server. */
export const isAway = ({ code }: Failure): boolean => code === 'unreachable' || code === 'unavailable';

/** Whether no node has the file any more, so that it can only come from another device. */
export const isGone = (failure: Failure | null): boolean => failure?.code === 'not-found';

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
