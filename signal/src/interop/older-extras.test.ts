import { describe, expect, test } from 'vitest';
import { ascii } from '../bytes.ts';
import { compareScannable, safetyNumber } from '../fingerprint.ts';
import { newMember } from '../groups/member.model.ts';
import { DISTRIBUTION_ID, newOfficialMember } from '../groups/official-member.model.ts';
import { EXPIRES_MS, newAuthority } from '../sealed-sender/authority.model.ts';
import { sealedDevice } from '../sealed-sender/sealed-device.model.ts';
import { officialDevice } from './official-device.model.ts';
import { officialKeys } from './official-keys.model.ts';
import { older } from './official-package.model.ts';
import { officialStores } from './official-stores.model.ts';
import { OURS, THEIRS } from './pairs.model.ts';
import { newStores } from './stores.model.ts';

/** What stands beside sessions, with older versions; with the newest one it is tested where the code is. */

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

describe.each(older)('with the official package $version', ({ library }) => {
  test('sender keys in both directions', async () => {
    const [ours, theirs, reader, theirReader] = [
      newMember(),
      newOfficialMember(library),
      newMember(),
      newOfficialMember(library),
    ];
    await theirReader.process(ours.distribution(DISTRIBUTION_ID));
    reader.process(await theirs.distribution());
    for (let count = 0; count < 10; count += 1) {
      const text = ascii(`letter ${count}`);
      expect(owned(await theirReader.decrypt(ours.encrypt(text)))).toEqual(text);
      expect(reader.decrypt((await theirs.encrypt(text)).serialize())).toEqual(text);
    }
  });

  test('the same safety number', () => {
    const [own, remote] = [officialKeys(library, 0).identity, officialKeys(library, 0).identity];
    const [ownId, remoteId] = [ascii('own'), ascii('remote')];
    const ours = safetyNumber(
      { id: ownId, identityKey: own.publicKey },
      { id: remoteId, identityKey: remote.publicKey },
    );
    const theirs = library.Fingerprint.new(
      5_200,
      2,
      owned(remoteId),
      library.PublicKey.deserialize(owned(remote.publicKey)),
      owned(ownId),
      library.PublicKey.deserialize(owned(own.publicKey)),
    );
    expect(ours.displayable).toBe(theirs.displayableFingerprint().toString());
    expect(compareScannable(ours.scannable, theirs.scannableFingerprint().toBuffer())).toBe(true);
  });

  test('sealed sender in both directions', async () => {
    const authority = newAuthority();
    const keys = officialKeys(library);
    const stores = newStores(keys);
    const store = officialStores(library, keys, stores);
    const theirs = officialDevice(library, THEIRS, keys, stores);
    const ours = sealedDevice(OURS, authority);

    ours.start(THEIRS, theirs.bundle(0));
    const first = await library.sealedSenderDecryptMessage(
      owned(ours.encrypt(THEIRS, ascii('first'))),
      library.PublicKey.deserialize(owned(authority.root.publicKey)),
      EXPIRES_MS,
      null,
      THEIRS.name,
      THEIRS.deviceId,
      store.sessions,
      store.identity,
      store.preKeys,
      store.signedPreKeys,
      store.kyberPreKeys,
    );
    expect([owned(first.message()), first.senderUuid()]).toEqual([ascii('first'), OURS.name]);

    const certificate = library.SenderCertificate.deserialize(
      owned(authority.certify(THEIRS, keys.identity.publicKey)),
    );
    const answer = await library.sealedSenderEncryptMessage(
      owned(ascii('answer')),
      library.ProtocolAddress.new(OURS.name, OURS.deviceId),
      certificate,
      store.sessions,
      store.identity,
    );
    expect(ours.decrypt(answer)).toMatchObject({ plaintext: ascii('answer'), sender: THEIRS });
  });
});
