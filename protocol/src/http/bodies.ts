import * as z from 'zod/mini';
import { envelope } from '../envelope.ts';
import { signedDeviceList } from '../device-list.ts';
import { errorBody } from '../errors.ts';
import {
  account,
  changePassword,
  deleteAccount,
  devices,
  newAccount,
  newDevice,
  putDeviceList,
  registeredDevice,
  replaceAccountKey,
  session,
  tokenRequest,
} from './accounts.ts';
import { blobParts, blobTicket, newBlob, partPlace, partStored } from './blobs.ts';
import { keyBundles, keyStock, replenishKeys } from './keys.ts';
import { deviceGrant, heardSealedMessage, newDeviceGrant, rendezvous, sealedMessage } from './linking.ts';
import { serverStatus } from './server-status.ts';
import {
  deleteRequest,
  deleteResponse,
  heardMailboxIds,
  heardMailboxPage,
  storeRequest,
  storeResponse,
} from './messages.ts';

/** The code with which a server ends a stream of events. */
export const streamEnd = z.pick(errorBody, { code: true });

/** Every body of a request, of an answer and of an event, as its reader takes it. */
export const bodies = {
  account,
  blobParts,
  blobTicket,
  changePassword,
  deleteAccount,
  deleteRequest,
  deleteResponse,
  deviceGrant,
  devices,
  errorBody,
  heardSealedMessage,
  keyBundles,
  keyStock,
  mailboxEvent: envelope,
  mailboxIds: heardMailboxIds,
  mailboxPage: heardMailboxPage,
  newAccount,
  newBlob,
  newDevice,
  newDeviceGrant,
  partPlace,
  partStored,
  putDeviceList,
  registeredDevice,
  rendezvous,
  replaceAccountKey,
  replenishKeys,
  sealedMessage,
  serverStatus,
  session,
  signedDeviceList,
  storeRequest,
  storeResponse,
  streamEnd,
  tokenRequest,
};
