import { test } from 'vitest';
import { Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { signalRatchet } from './signal-ratchet.ts';

const browser = () => ({ ratchet: signalRatchet() });

test('people with browsers and with Node clients, with several devices, write to each other', async () => {
  await using scene = await Scene.open();
  const alice = await scene.person('alice', browser());
  const bob = await scene.person('bobby');
  await alice.sendText('bobby', 'one');
  await waitForTexts(bob, alice, ['one']);
  await bob.sendText('alice', 'two');
  await waitForTexts(alice, bob, ['one', 'two']);

  const aliceInNode = await scene.device('alice');
  const bobInBrowser = await scene.device('bobby', browser());
  await aliceInNode.sendText('bobby', 'three');
  await waitForTexts(bobInBrowser, alice, ['three']);
  await waitForTexts(alice, bob, ['one', 'two', 'three']);
  await bobInBrowser.sendText('alice', 'four');
  await waitForTexts(aliceInNode, bob, ['three', 'four']);
  await waitForTexts(bob, alice, ['one', 'two', 'three', 'four']);
  await waitFor('nothing left', () => scene.cluster.waiting() === 0);
});

test('a browser that was set up anew as a Node client is told of, and understood', async () => {
  await using scene = await Scene.open();
  const alice = await scene.person('alice', browser());
  const bob = await scene.person('bobby', browser());
  await alice.sendText('bobby', 'one');
  await waitForTexts(bob, alice, ['one']);
  await bob[Symbol.asyncDispose]();
  const anew = await scene.anew('bobby');
  await alice.sendText('bobby', 'two');
  await waitForTexts(anew, alice, ['two']);
  await anew.sendText('alice', 'three');
  await waitForTexts(alice, anew, ['one', 'two', 'three']);
});
