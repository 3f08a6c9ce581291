const KINDS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;
/** At most so often is it told. */
const EVERY_MS = 2_000;

/** Tells that a person does something in this page. */
export const onActivity = (tell: () => void): void => {
  let told = -Infinity;
  const note = ({ timeStamp }: Event): void => {
    if (timeStamp - told < EVERY_MS) return;
    told = timeStamp;
    tell();
  };
  for (const kind of KINDS) window.addEventListener(kind, note, { capture: true, passive: true });
};
