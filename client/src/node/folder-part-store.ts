import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartStore } from '../files/part-store.ts';

/** Only names that were made here are names of files. */
const NAME = /^[0-9a-f]{32}$/;
/** Of a part that is being written. */
const UNFINISHED = '.new';

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

const orEmpty = (error: unknown): [] => {
  if (isMissing(error)) return [];
  throw error;
};

/** An error of the disk under the name that the interface has for it. */
const named = (error: unknown): unknown =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    ? new DOMException(error.message, { name: 'QuotaExceededError', cause: error })
    : error;

/** Parts of files in a folder, which is made when there is something to be kept: a folder for each file, and a file for each part. */
export const folderPartStore = (folder: string): PartStore => {
  const ofFile = (file: string): string => {
    if (!NAME.test(file)) throw new RangeError('not the name of a file');
    return join(folder, file);
  };
  const ofPart = (file: string, part: number): string => join(ofFile(file), String(part).padStart(4, '0'));
  const bytesOf = async (file: string): Promise<number> => {
    const parts = await readdir(ofFile(file)).catch(orEmpty);
    const sizes = await Promise.all(
      parts.map((part) =>
        stat(join(ofFile(file), part)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  };
  const namesHere = async (): Promise<string[]> =>
    (await readdir(folder).catch(orEmpty)).filter((name) => NAME.test(name));
  return {
    put: async (file, part, sealed) => {
      const path = ofPart(file, part);
      try {
        await mkdir(ofFile(file), { recursive: true });
        await writeFile(path + UNFINISHED, sealed, { flush: true });
        await rename(path + UNFINISHED, path);
      } catch (error) {
        throw named(error);
      }
    },
    get: async (file, part) => {
      try {
        return new Uint8Array(await readFile(ofPart(file, part)));
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    drop: (file) => rm(ofFile(file), { recursive: true, force: true }),
    files: async () => {
      return new Map(
        await Promise.all((await namesHere()).map(async (name) => [name, await bytesOf(name)] as const)),
      );
    },
    names: async (after, limit) =>
      (await namesHere())
        .filter((name) => name > after)
        .sort()
        .slice(0, limit),
    close: () => Promise.resolve(),
  };
};
