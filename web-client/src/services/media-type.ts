/** What is played, and may be served to a player. No document can be made of any of these. */
export type MediaType =
  | `${'audio' | 'video'}/${'mp4' | 'webm' | 'ogg'}`
  | 'video/quicktime'
  | `audio/${'mpeg' | 'aac' | 'wav' | 'flac'}`;

/** How much of a file its type is told by. */
export const MEDIA_HEADER_BYTES = 128;

const ascii = (bytes: Uint8Array, from: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(from, from + length));

/** Brands of films and recordings (ISO/IEC 14496-12); pictures have the same header with others. */
const BRANDS = /^(?:iso[m2-9]|mp4[12]|avc1|dash|M4[ABV] |3gp[4-9]|3g2[a-c]|MSNV|F4V |f4v )$/;

/** Containers that hold sound, or sound and pictures. */
const containerOf = (bytes: Uint8Array): 'mp4' | 'quicktime' | 'webm' | 'ogg' | null => {
  if (ascii(bytes, 4, 4) === 'ftyp') {
    const brand = ascii(bytes, 8, 4);
    if (brand === 'qt  ') return 'quicktime';
    return BRANDS.test(brand) ? 'mp4' : null;
  }
  // Among what EBML (RFC 8794) says first is what is written in it: other Matroska is not played.
  if (ascii(bytes, 0, 4) === '\x1A\x45\xDF\xA3')
    return ascii(bytes, 4, MEDIA_HEADER_BYTES - 4).includes('webm') ? 'webm' : null;
  return ascii(bytes, 0, 4) === 'OggS' ? 'ogg' : null;
};

/** What holds sound alone. */
const soundOf = (bytes: Uint8Array): 'mpeg' | 'aac' | 'wav' | 'flac' | null => {
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WAVE') return 'wav';
  if (ascii(bytes, 0, 4) === 'fLaC') return 'flac';
  if (ascii(bytes, 0, 3) === 'ID3') return 'mpeg';
  // The first frame: 11 or 12 bits of 1, a version, and a layer: the third, or none of AAC (ADTS).
  const [first = 0, second = 0] = bytes;
  if (first !== 0xff) return null;
  if ((second & 0xf6) === 0xf0) return 'aac';
  return (second & 0xe0) === 0xe0 && (second & 0x18) !== 0x08 && (second & 0x06) === 0x02 ? 'mpeg' : null;
};

/**
 * The type of a film or recording that may be played, whatever it is called. `bytes`: its first ones, at least `MEDIA_HEADER_BYTES` unless it is
 * shorter. `kind`: what it is played as, where the container says nothing of that. Null: it is none, or of a kind that is not played.
 */
export const mediaType = (bytes: Uint8Array, kind: 'audio' | 'video'): MediaType | null => {
  const container = containerOf(bytes);
  if (container === 'quicktime') return kind === 'video' ? 'video/quicktime' : 'audio/mp4';
  if (container !== null) return `${kind}/${container}`;
  const sound = soundOf(bytes);
  return sound && `audio/${sound}`;
};
