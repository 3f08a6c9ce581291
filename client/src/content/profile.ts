/** What a person says of themselves to those they have let in. */
export type Profile = {
  readonly name: string | null;
  /** A picture in a format that browsers show: whoever shows it looks for itself what it is. */
  readonly picture: Uint8Array<ArrayBuffer> | null;
};

/** UTF-16 units. */
export const MAX_PROFILE_NAME_LENGTH = 64;
/** Of a picture, in bytes. */
export const MAX_PROFILE_PICTURE_BYTES = 24 * 1024;

/** Without what cannot be seen or turns the direction of writing; null when nothing is left. */
export const profileName = (given: string): string | null =>
  given
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu, '')
    .replace(/\s+/g, ' ')
    .trim() || null;
