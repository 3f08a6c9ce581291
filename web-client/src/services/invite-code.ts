const CODE = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const LINK = /\/#\/invite\/([^\s/?#]+)/u;

/** What somebody typed or pasted as an invite code, or its link, as the server takes it: letters that look alike are the same one. */
export const normalizeInvite = (typed: string): string =>
  (LINK.exec(typed)?.[1] ?? typed)
    .replace(/[\s\p{Cf}\p{Pd}]/gu, '')
    .toUpperCase()
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');

export const isInvite = (code: string): boolean => CODE.test(code);
