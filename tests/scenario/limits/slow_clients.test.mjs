import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawClient, get, request } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

const codeOf = (response) => JSON.parse(response.body).code;

test('a header that does not end is 408', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene({}, { limits: { headerTimeout: '300ms' } });
  const client = new RawClient(port).send('GET / HTTP/1.1\r\nHost: t.ex');
  await client.closed();
  const response = await client.response();
  assert.equal(response.status, 408);
  assert.equal(codeOf(response), 'request_timeout');
  assert.equal(await gateway.metric('penstock_limit_hits_total', { limit: 'headerTimeout' }), 1);
});

test('a header that dribbles in does not last longer for it', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { limits: { headerTimeout: '400ms' } });
  const client = new RawClient(port).send('GET / HTTP/1.1\r\nHost: t.example\r\n');
  const drip = setInterval(() => client.send('X-A: b\r\n'), 50);
  await client.closed();
  clearInterval(drip);
  assert.equal(client.responses.finals[0]?.status ?? 408, 408);
});

test('a body that pauses too long is 408', { timeout: 60_000 }, async () => {
  const { gateway, port, origin } = await scene({}, { limits: { bodyIdleTimeout: '300ms' } });
  const client = new RawClient(port, { methods: ['POST'] }).send(request('POST', '/', ['Content-Length: 10']) + 'hello');
  await client.closed();
  assert.equal((await client.response()).status, 408);
  assert.equal(origin.requests.length, 0);
  assert.equal(await gateway.metric('penstock_limit_hits_total', { limit: 'bodyIdleTimeout' }), 1);
  assert.equal(await gateway.metric('penstock_limit_hits_total', { limit: 'headerTimeout' }), 0);
});

test('a body that keeps coming is served, however long it takes', { timeout: 60_000 }, async () => {
  const { port, origin } = await scene({}, { limits: { bodyIdleTimeout: '500ms' } });
  const client = new RawClient(port, { methods: ['POST'] }).send(request('POST', '/', ['Content-Length: 10']));
  for (let i = 0; i < 10; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 80));
    client.send('x');
  }
  assert.equal((await client.response()).status, 200);
  assert.equal(origin.requests[0].body, 'x'.repeat(10));
  client.destroy();
});

test('a connection that waits too long for its next request is closed without a word', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { limits: { idleTimeout: '300ms' } });
  const client = new RawClient(port).send(get('/'));
  await client.response();
  const { length } = client.text;
  await client.closed();
  assert.equal(client.text.length, length);
});

test('a connection that never asks is closed', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { limits: { idleTimeout: '300ms', headerTimeout: '300ms' } });
  const client = new RawClient(port);
  await client.closed();
});
