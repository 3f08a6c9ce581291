/**
 * Gives back the memory of bytes that nobody reads any more. A collector leaves what lies outside of its heap for hundreds of megabytes: a file
 * would be in memory as a whole, part by part.
 */
export const release = ({ buffer }: Uint8Array<ArrayBuffer>): void => {
  // Engines from before 2024 do not have it.
  (buffer as Partial<Pick<ArrayBuffer, 'transfer'>>).transfer?.call(buffer, 0);
};
