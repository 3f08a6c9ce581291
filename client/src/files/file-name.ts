/** UTF-16 units that a name is cut to, its ending kept. */
const MAX_LENGTH = 200;
const MAX_ENDING_LENGTH = 16;

/**
 * A name under which a file is shown and saved, whatever its sender calls it: without folders, without what turns the direction of writing or
 * cannot be seen (which shows `exe.txt` where there is `txt.exe`), without what file systems take for something else.
 */
export const fileName = (given: string): string => {
  const name = given
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu, '')
    .replace(/[/\\:*?"<>|]/g, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '');
  if (name === '') return 'file';
  const safe = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(name) ? `_${name}` : name;
  if (safe.length <= MAX_LENGTH) return safe;
  const ending = /\.[^.\s]+$/.exec(safe)?.[0] ?? '';
  const kept = ending.length <= MAX_ENDING_LENGTH ? ending : '';
  return safe.slice(0, MAX_LENGTH - kept.length).replace(/[\uD800-\uDBFF]$/, '') + kept;
};

export const UNKNOWN_TYPE = 'application/octet-stream';

/** A media type without parameters, in lower case; {@link UNKNOWN_TYPE} for what is none. */
export const fileType = (given: string): string => {
  const [type = ''] = given.toLowerCase().split(';');
  return /^[a-z0-9][a-z0-9.+-]{0,63}\/[a-z0-9][a-z0-9.+-]{0,63}$/.test(type.trim())
    ? type.trim()
    : UNKNOWN_TYPE;
};
