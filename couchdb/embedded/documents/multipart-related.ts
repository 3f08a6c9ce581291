import { badRequest } from '../couch-error.ts';
import { isObject, type JsonObject } from '../json-object.ts';

/**
 * Puts a document together that came as `multipart/related`: JSON first, then the attachments it marks as following, in
 * their order or by the name in their headers.
 */
export function readMultipartRelated(contentType: string, body: Buffer): JsonObject {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) throw badRequest('multipart/related without a boundary');
  const [first, ...rest] = splitParts(body, boundary);
  const document: unknown = first === undefined ? undefined : parseJson(first.content);
  if (!isObject(document)) throw badRequest('Document must be a JSON object');
  const attachments = document['_attachments'];
  if (!isObject(attachments)) return document;
  const following = Object.entries(attachments).filter(
    (entry): entry is [string, JsonObject] => isObject(entry[1]) && entry[1]['follows'] === true,
  );
  for (const [index, [name, attachment]] of following.entries()) {
    const part = rest.find(({ fileName }) => fileName === name) ?? rest[index];
    if (part === undefined) throw badRequest(`Attachment '${name}' does not follow`);
    if (attachment['encoding'] !== undefined) throw badRequest(`Attachment '${name}' comes encoded`);
    attachments[name] = { content_type: attachment['content_type'], data: part.content };
  }
  return document;
}

interface Part {
  fileName: string | undefined;
  content: Buffer;
}

function splitParts(body: Buffer, boundary: string): Part[] {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const text = Buffer.concat([Buffer.from('\r\n'), body]);
  const parts: Part[] = [];
  let start = text.indexOf(delimiter);
  while (start >= 0) {
    const end = text.indexOf(delimiter, start + delimiter.length);
    if (end < 0) return parts;
    const part = text.subarray(start + delimiter.length, end);
    const headerEnd = part.indexOf('\r\n\r\n');
    if (headerEnd < 0) throw badRequest('Malformed multipart body');
    const headers = part.subarray(0, headerEnd).toString();
    parts.push({
      fileName: /filename="([^"]*)"/i.exec(headers)?.[1],
      content: part.subarray(headerEnd + 4),
    });
    start = end;
  }
  throw badRequest('Malformed multipart body');
}

function parseJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString()) as unknown;
  } catch {
    throw badRequest('invalid UTF-8 JSON');
  }
}
