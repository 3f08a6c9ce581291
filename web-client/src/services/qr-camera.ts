/** Whether there is a camera to scan with. */
export const hasCamera = async (): Promise<boolean> => {
  if (!('mediaDevices' in navigator)) return false;
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices.some(({ kind }) => kind === 'videoinput');
};

/** How often a picture is looked at. */
const LOOK_EVERY_MS = 150;
/** Longer side of what is looked at: more makes it slower, not better. */
const LOOK_AT_PIXELS = 720;

/** Reads QR codes from the camera, shown in `video`, until the signal says stop. Throws what `getUserMedia` throws. */
export const scanQrCodes = async (
  video: HTMLVideoElement,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<void> => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  const stop = (): void => {
    for (const track of stream.getTracks()) track.stop();
  };
  signal.addEventListener('abort', stop);
  if (signal.aborted) {
    stop();
    return;
  }
  try {
    const { decodeQR } = await import('qr/decode.js');
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', { willReadFrequently: true });
    video.srcObject = stream;
    await video.play();
    const look = (): void => {
      const scale = Math.min(1, LOOK_AT_PIXELS / Math.max(video.videoWidth, video.videoHeight));
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      if (context === null || canvas.width === 0) return;
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
      try {
        onText(decodeQR({ data, width, height }));
      } catch {
        // Most pictures show no code.
      }
    };
    const timer = setInterval(look, LOOK_EVERY_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
  } catch (error) {
    stop();
    throw error;
  }
};
