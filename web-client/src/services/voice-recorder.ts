/** What the microphone gives, from now until it is finished or discarded: the microphone is off after either. */
export type Recording = {
  /** How loud it is now: 0 to 1. */
  readonly level: () => number;
  /** The microphone gives nothing more: it has been taken away. */
  readonly isOver: () => boolean;
  /** Ends it, and resolves with all of it. */
  readonly finish: () => Promise<Blob>;
  readonly discard: () => void;
};

/** What browsers record, the smallest first, and what the names of such files end with. */
const TYPES = [
  ['audio/webm;codecs=opus', '.webm'],
  ['audio/ogg;codecs=opus', '.ogg'],
  ['audio/mp4', '.m4a'],
] as const;
/** Of speech. */
const BITS_PER_SECOND = 32_000;
/** What is recorded is handed over as often as this, so that the browser need not hold all of it. */
const SLICE_MS = 1_000;

const chooseType = (): (typeof TYPES)[number] | undefined =>
  TYPES.find(([type]) => MediaRecorder.isTypeSupported(type));

/** What the name of such a file ends with. */
export const voiceEnding = (type: string): string =>
  TYPES.find(([known]) => known.startsWith(type))?.[1] ?? '';

/** Throws what `getUserMedia` throws. */
export const recordVoice = async (): Promise<Recording> => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext();
  const off = (): void => {
    for (const track of stream.getTracks()) track.stop();
    void context.close();
  };
  try {
    const analyser = new AnalyserNode(context, { fftSize: 1_024 });
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const mimeType = chooseType()?.[0];
    const options = { audioBitsPerSecond: BITS_PER_SECOND, ...(mimeType !== undefined && { mimeType }) };
    const recorder = new MediaRecorder(stream, options);
    const slices: Blob[] = [];
    recorder.addEventListener('dataavailable', ({ data }) => slices.push(data));
    // Also when the microphone is taken away.
    const stopped = new Promise<void>((resolve) => {
      recorder.addEventListener('stop', () => resolve(), { once: true });
    });
    void stopped.then(off);
    const stop = (): void => {
      if (recorder.state !== 'inactive') recorder.stop();
    };
    recorder.start(SLICE_MS);
    return {
      level: () => {
        analyser.getFloatTimeDomainData(samples);
        const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
        // As it is heard: a quarter of the power is not much less loud.
        return Math.min(1, Math.sqrt(Math.sqrt(power)));
      },
      isOver: () => recorder.state === 'inactive',
      finish: async () => {
        stop();
        await stopped;
        return new Blob(slices, { type: recorder.mimeType.split(';')[0] ?? '' });
      },
      discard: stop,
    };
  } catch (error) {
    off();
    throw error;
  }
};
