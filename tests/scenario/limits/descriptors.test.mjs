import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { reload } from '../harness/reload.mjs';
import { scene } from '../harness/scene.mjs';

test('that connections were lowered is said once, and again when it changed', { timeout: 60_000 }, async () => {
  const { gateway } = await scene({}, { openFiles: 200 });
  const said = () => gateway.child.err.match(/connections lowered/g)?.length ?? 0;
  await eventually(() => said() === 1, 'a word on lowered connections');
  for (let i = 0; i < 2; i += 1) assert.equal(await reload(gateway), 'success');
  assert.equal(said(), 1);
  const [first, ...others] = gateway.config.listeners;
  const listeners = [{ ...first, limits: { ...first.limits, connections: 10_000 } }, ...others];
  assert.equal(await reload(gateway, { ...gateway.config, listeners }), 'success');
  await eventually(() => said() === 2, 'a word on what changed');
});

test('with few descriptors it says so, keeps serving those it has, and recovers', { timeout: 120_000 }, async () => {
  const { port, gateway } = await scene({}, { openFiles: 200 });
  await eventually(() => /RLIMIT_NOFILE|open files|descriptors/i.test(gateway.child.err), 'a word on lowered connections');
  const clients = [];
  for (let i = 0; i < 300; i += 1) clients.push(new RawClient(port));
  await Promise.all(clients.map((client) => client.connected));
  for (const client of clients) client.send(get('/'));
  const served = () => clients.filter((client) => client.responses.finals[0]?.status === 200);
  await eventually(() => served().length >= 10, 'ten of them served');
  const [one] = served();
  one.send(get('/'));
  assert.equal((await one.response(1)).status, 200);
  assert.equal(gateway.child.how, undefined);
  for (const client of clients) client.destroy();
  await eventually(async () => (await ask(port, get('/'))).status === 200, 'served as before');
  for (let i = 0; i < 20; i += 1) assert.equal((await ask(port, get('/'))).status, 200);
});
