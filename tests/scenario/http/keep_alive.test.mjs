import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawClient, get, request } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

test('one connection serves request after request, on one connection to the origin', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({}, { config: { runtime: { workers: 1 } } });
  const client = new RawClient(port);
  for (let i = 0; i < 50; i += 1) {
    client.send(i % 2 ? get(`/${i}`) : request('POST', `/${i}`, [], 'hello'));
    const response = await client.response(i);
    assert.equal(response.status, 200);
    assert.equal(response.body, 'ok');
  }
  assert.equal(origin.requests.length, 50);
  assert.equal(origin.accepted, 1);
  client.destroy();
});
