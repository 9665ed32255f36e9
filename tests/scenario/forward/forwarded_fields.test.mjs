import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf, valuesOf } from '../harness/http1_parse.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('the origin learns who asked, for what and by which way', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene();
  const response = await ask(port, get('/', `Host: t.example:${port}`));
  const [seen] = origin.requests;
  assert.equal(valueOf(seen, 'x-forwarded-for'), '127.0.0.1');
  assert.equal(valueOf(seen, 'x-forwarded-proto'), 'http');
  assert.match(valueOf(seen, 'x-forwarded-host'), /^t\.example(:\d+)?$/);
  assert.equal(valueOf(seen, 'x-forwarded-port'), String(port));
  assert.match(valueOf(seen, 'via'), /^1\.1 penstock$/);
  assert.match(valueOf(seen, 'x-request-id'), uuid7);
  assert.equal(valueOf(response, 'x-request-id'), valueOf(seen, 'x-request-id'), 'the client is told the same id');
});

test('what a stranger says of itself is overwritten', { timeout: 60_000 }, async () => {
  const { origin, port, gateway } = await scene();
  await ask(port, get('/', 'X-Forwarded-For: 10.9.9.9', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.example',
    'X-Forwarded-Port: 1', 'Forwarded: for=10.9.9.9', 'X-Real-IP: 10.9.9.9', 'X-Request-Id: mine', 'X-Forwarded-Prefix: /x'));
  const [seen] = origin.requests;
  assert.deepEqual(valuesOf(seen, 'x-forwarded-for'), ['127.0.0.1']);
  assert.deepEqual(valuesOf(seen, 'x-forwarded-proto'), ['http']);
  assert.deepEqual(valuesOf(seen, 'x-forwarded-host'), ['t.example']);
  assert.deepEqual(valuesOf(seen, 'x-forwarded-port'), [String(port)]);
  assert.match(valueOf(seen, 'x-request-id'), uuid7);
  for (const name of ['forwarded', 'x-real-ip', 'x-forwarded-prefix']) assert.doesNotMatch(valueOf(seen, name) ?? '', /10\.9|\/x/);
  assert.equal((await gateway.logged((line) => line.path === '/')).client_ip, '127.0.0.1');
});

test('who the caller is, only the gateway says', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene();
  const names = ['X-User-Id', 'X-Tenant-Id', 'X-Consumer-Id', 'X-Auth-Method', 'X-Auth-Scopes'];
  await ask(port, get('/', ...names.map((name) => `${name}: root`), ...names.map((name) => `${name.toLowerCase()}: again`), 'X_User_Id: root'));
  for (const name of [...names, 'X_User_Id']) assert.equal(valueOf(origin.requests[0], name), undefined, name);
});

test('every request has an id of its own', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene();
  await Promise.all(Array.from({ length: 50 }, () => ask(port, get('/'))));
  assert.equal(new Set(origin.requests.map((seen) => valueOf(seen, 'x-request-id'))).size, 50);
});
