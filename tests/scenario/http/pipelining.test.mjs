import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { RawClient, get } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { scene } from '../harness/scene.mjs';

test('pipelined requests are answered in order, though the first answer is the last to be ready', { timeout: 60_000 }, async () => {
  let first;
  const { port } = await scene({
    respond: (asked, connection) => {
      const reply = () => connection.send(answer('200 OK', asked.target));
      if (asked.target === '/0') first = reply;
      else reply();
    },
  });
  const client = new RawClient(port, { methods: Array(20).fill('GET') });
  client.send(Array.from({ length: 20 }, (_, i) => get(`/${i}`)).join(''));
  await eventually(() => first, 'the first request at the origin');
  assert.equal(client.responses.finals.length, 0);
  first();
  await client.response(19);
  assert.deepEqual(client.responses.finals.map((r) => r.body), Array.from({ length: 20 }, (_, i) => `/${i}`));
  client.destroy();
});
