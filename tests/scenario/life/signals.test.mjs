import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

test('USR2 is caught and logged as not served yet', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene();
  gateway.child.signal('SIGUSR2');
  await eventually(() => gateway.child.err.includes('USR2'), 'a word on it');
  assert.equal((await ask(port, get('/'))).status, 200);
});
