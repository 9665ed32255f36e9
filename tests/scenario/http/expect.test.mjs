import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawClient, request } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { scene } from '../harness/scene.mjs';

const expecting = (fields = ['Content-Length: 5']) => request('POST', '/', ['Expect: 100-continue', ...fields]);

test('a client that waits for 100 gets it and then its answer', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({ onHead: (_, connection) => connection.send('HTTP/1.1 100 Continue\r\n\r\n') });
  const client = new RawClient(port, { methods: ['POST'] });
  client.send(expecting());
  assert.ok(await client.until(() => client.responses.interims.length > 0));
  assert.equal(client.responses.interims[0].status, 100);
  client.send('hello');
  assert.equal((await client.response()).status, 200);
  assert.equal(origin.requests[0].body, 'hello');
  client.destroy();
});

test('a client that waits for 100 gets it although the origin knows nothing of it', { timeout: 60_000 }, async () => {
  const { port } = await scene();
  const client = new RawClient(port, { methods: ['POST'] });
  client.send(expecting());
  assert.ok(await client.until(() => client.responses.interims.length > 0));
  client.send('hello');
  assert.equal((await client.response()).status, 200);
  client.destroy();
});

test('a request without a route is refused without asking for its body', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { route: { path: '/known' } });
  const client = new RawClient(port, { methods: ['POST'] });
  client.send(expecting());
  assert.equal((await client.response()).status, 404);
  assert.equal(client.responses.interims.length, 0);
  client.destroy();
});

test('an origin that declines at the head is heard', { timeout: 60_000 }, async () => {
  const { port } = await scene({ onHead: (_, connection) => connection.send(answer('403 Forbidden', 'no', ['Connection: close'])).close(), respond: () => {} });
  const client = new RawClient(port, { methods: ['POST'] });
  client.send(expecting());
  const response = await client.response();
  assert.equal(response.status, 403);
  assert.equal(response.body, 'no');
  client.destroy();
});

test('another expectation is answered 417', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene();
  const client = new RawClient(port, { methods: ['POST'] });
  client.send(request('POST', '/', ['Expect: sun'], 'hello'));
  assert.equal((await client.response()).status, 417);
  assert.equal(origin.requests.length, 0);
  client.destroy();
});
