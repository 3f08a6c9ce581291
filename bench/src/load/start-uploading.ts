import { startLoadProcess, type LoadProcess } from './load-process.ts';
import type { UploadingTask } from './uploading.ts';

/** A client in a process of its own, which stores files. */
export const startUploading = (): LoadProcess<UploadingTask, null> =>
  startLoadProcess(new URL('./uploading.ts', import.meta.url));
