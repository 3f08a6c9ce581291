import type { Patch } from './bug.ts';

/** The product has changed, and the patch has to follow it. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
}

/**
 * The source text of a file with its patches.
 *
 * @throws PatchError when a patch does not match exactly one place
 */
export const patchSource = (source: string, patches: readonly Patch[]): string =>
  patches.reduce((text, { file, find, put }) => {
    const places = text.split(find).length - 1;
    if (places === 1) return text.replace(find, () => put);
    throw new PatchError(
      `${file} has ${places} places for the patch that begins with "${find.trim().split('\n')[0] ?? ''}"`,
    );
  }, source);
