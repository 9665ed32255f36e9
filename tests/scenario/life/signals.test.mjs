import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

for (const signal of ['SIGHUP', 'SIGUSR2']) {
  test(`${signal} is caught and logged as not served yet`, { timeout: 60_000 }, async () => {
    const { port, gateway } = await scene();
    gateway.child.signal(signal);
    await eventually(() => gateway.child.err.includes(signal.replace('SIG', '')), 'a word on it');
    assert.equal((await ask(port, get('/'))).status, 200);
  });
}
