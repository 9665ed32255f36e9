import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf } from '../harness/http1_parse.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

const trusting = { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8', '2001:db8::/32'] };

const walks = [
  ['no field', [], '127.0.0.1'],
  ['the proxy\'s client', ['X-Forwarded-For: 203.0.113.9'], '203.0.113.9'],
  ['the first stranger from the right', ['X-Forwarded-For: 198.51.100.1, 203.0.113.9, 10.1.1.1'], '203.0.113.9'],
  ['several lines are one list', ['X-Forwarded-For: 198.51.100.1, 203.0.113.9', 'X-Forwarded-For: 10.1.1.1'], '203.0.113.9'],
  ['all are trusted: the leftmost', ['X-Forwarded-For: 10.2.2.2, 10.1.1.1'], '10.2.2.2'],
  ['IPv6', ['X-Forwarded-For: 2001:db9::7, 2001:db8::1'], '2001:db9::7'],
  ['the walk stops before what is no address', ['X-Forwarded-For: 203.0.113.9, nonsense, 10.1.1.1'], '10.1.1.1'],
  ['Forwarded', ['Forwarded: for=198.51.100.1, for=203.0.113.9;proto=https, for=10.1.1.1'], '203.0.113.9'],
  ['Forwarded with a quoted IPv6 address and port', ['Forwarded: for="[2001:db9::7]:4711", for=10.1.1.1'], '2001:db9::7'],
  ['Forwarded, obfuscated', ['Forwarded: for=_hidden, for=10.1.1.1'], '10.1.1.1'],
];

test('the client is found by walking right to left through trusted proxies', { timeout: 60_000 }, async (t) => {
  const { gateway, port } = await scene({}, trusting);
  for (const [index, [name, fields, client]] of walks.entries()) {
    await t.test(name, async () => {
      await ask(port, get(`/${index}`, ...fields));
      assert.equal((await gateway.logged((line) => line.path === `/${index}`)).client_ip, client);
    });
  }
});

test('a trusted proxy\'s words go on, with itself added', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({}, trusting);
  const response = await ask(port, get('/', 'X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: shop.example', 'X-Forwarded-Port: 443', 'X-Request-Id: abc-123'));
  const [seen] = origin.requests;
  assert.match(valueOf(seen, 'x-forwarded-for'), /^203\.0\.113\.9, ?127\.0\.0\.1$/);
  assert.equal(valueOf(seen, 'x-forwarded-proto'), 'https');
  assert.equal(valueOf(seen, 'x-forwarded-host'), 'shop.example');
  assert.equal(valueOf(seen, 'x-forwarded-port'), '443');
  assert.equal(valueOf(seen, 'x-request-id'), 'abc-123');
  assert.equal(valueOf(response, 'x-request-id'), 'abc-123');
});

test('a trusted proxy may not name the caller either', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({}, trusting);
  await ask(port, get('/', 'X-User-Id: root'));
  assert.equal(valueOf(origin.requests[0], 'x-user-id'), undefined);
});
