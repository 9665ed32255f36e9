import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { isSanitized } from '../harness/gateway.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { status } from '../harness/reload.mjs';
import { scene } from '../harness/scene.mjs';

const rounds = isSanitized() ? 40 : 1_000;

// One reload after the other, as fast as they go; HUPs that meet a reload are one more after it.
async function reloadUntil(gateway, version) {
  await eventually(async () => {
    gateway.child.signal('SIGHUP');
    return (await status(gateway)).config.version >= version;
  }, `version ${version}`, 240_000);
}

test(`${rounds} reloads leave neither memory nor descriptors behind`, { timeout: 300_000 }, async () => {
  const { gateway, port } = await scene({}, {
    config: {
      routes: Array.from({ length: 500 }, (_, i) => ({ routeId: `r${i}`, path: `/r/${i}`, upstreamService: 'origin', authRequired: false })),
    },
  });
  const descriptors = async () => (await readdir(`/proc/${gateway.child.pid}/fd`)).length;
  const series = async () => (await gateway.metrics()).split('\n').length;
  await reloadUntil(gateway, rounds / 4);
  await ask(port, get('/r/1'));
  const before = { memory: await gateway.memory(), descriptors: await descriptors(), series: await series() };
  await reloadUntil(gateway, rounds);
  assert.equal((await ask(port, get('/r/1'))).status, 200);
  assert.ok(await descriptors() <= before.descriptors + 4, 'descriptors');
  assert.ok(await series() <= before.series + 4, 'series');
  const grown = await gateway.memory() - before.memory;
  if (!isSanitized()) assert.ok(grown < 8 * 1024 * 1024, `${grown} bytes more`);
});
