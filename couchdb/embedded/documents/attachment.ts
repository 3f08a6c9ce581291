import { badRequest } from '../couch-error.ts';
import { isObject } from '../json-object.ts';

const base64Pattern = /^[A-Za-z0-9+/]*={0,2}$/;

export function checkAttachmentName(name: string): void {
  if (name.startsWith('_'))
    throw badRequest(`Attachment name '${name}' starts with prohibited character '_'`);
}

/** An attachment comes as base64 or as the stub of one that is already there. */
export function checkAttachments(attachments: unknown): void {
  if (!isObject(attachments)) throw badRequest('`_attachments` must be a JSON object');
  for (const [name, attachment] of Object.entries(attachments)) {
    checkAttachmentName(name);
    if (!isObject(attachment)) throw badRequest(`Attachment '${name}' must be a JSON object`);
    const { data, stub } = attachment;
    if (stub === true || Buffer.isBuffer(data)) continue;
    if (typeof data !== 'string' || !base64Pattern.test(data))
      throw badRequest(`Attachment '${name}' has neither base64 data nor a stub`);
  }
}
