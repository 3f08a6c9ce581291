let playing: HTMLMediaElement | null = null;

/** What plays now: whatever played before stops. */
export const playAlone = (element: HTMLMediaElement): void => {
  if (playing !== element) playing?.pause();
  playing = element;
};
