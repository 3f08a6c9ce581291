const GROUPS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;

/** The 16 bytes of a UUID. */
export const uuidBytes = (uuid: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(uuid.replaceAll('-', '').match(/../g) ?? [], (hex) => Number.parseInt(hex, 16));

/** The UUID of 16 bytes. */
export const uuidOf = (bytes: Uint8Array): string =>
  [...bytes]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .replace(GROUPS, '$1-$2-$3-$4-$5');
