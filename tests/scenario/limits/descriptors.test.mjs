import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

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
