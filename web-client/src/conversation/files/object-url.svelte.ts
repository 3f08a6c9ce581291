/** What has just been shown by a URL may still be loading from it. */
const REVOKE_AFTER_MS = 5_000;

/** A URL of a blob for as long as the component is there and the blob is this one. */
export const objectUrl = (content: () => Blob | null): (() => string | undefined) => {
  let url = $state.raw<string>();
  $effect(() => {
    const blob = content();
    if (blob === null) return;
    const made = URL.createObjectURL(blob);
    url = made;
    return () => {
      url = undefined;
      setTimeout(() => URL.revokeObjectURL(made), REVOKE_AFTER_MS);
    };
  });
  return () => url;
};
