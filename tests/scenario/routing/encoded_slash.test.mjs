import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, get } from '../harness/raw_client.mjs';
import { gatewayOf, routeOf } from './table.mjs';

test('an encoded slash is refused unless the route allows it', { timeout: 60_000 }, async (t) => {
  const { gateway, origin, port } = await gatewayOf([
    ['refuses', '/files/{name}'],
    ['says-so', '/strict/*', { encodedSlashes: 'refuse' }],
    ['allows', '/open/{name}', { encodedSlashes: 'allow' }],
    ['literal', '/open/a%2Fb/c', { encodedSlashes: 'allow' }],
    ['post', '/post/{name}', { method: 'POST', encodedSlashes: 'allow' }],
  ]);
  for (const path of ['/files/a%2Fb', '/files/a%2fb', '/strict/a%2Fb', '/nowhere/a%2Fb', '/open/a/x%2Fb', '/post/a%2Fb', '/files%2Fx']) {
    await t.test(`${path} is 400`, async () => {
      const response = await ask(port, get(path));
      assert.equal(response.status, 400);
      assert.equal(JSON.parse(response.body).code, 'malformed_request');
    });
  }
  for (const path of ['/open/..%2Fx', '/open/a%2F..%2Fb', '/open/%2e%2E%2fx', '/open/a%2F.', '/open/a%00', '/open/a%5Cb', '/open/a%2', '/open/..%5c']) {
    await t.test(`${path} is 400 even where slashes are allowed`, async () => {
      assert.equal((await ask(port, get(path))).status, 400);
    });
  }
  assert.equal(origin.requests.length, 0);
  await t.test('and is forwarded as it is where allowed, one segment', async () => {
    assert.equal(await routeOf(gateway, '/open/a%2fb'), 'allows');
    assert.equal(origin.requests.at(-1).target, '/open/a%2Fb');
    assert.equal(await routeOf(gateway, '/open/a%2Fb/c?d=%2f'), 'literal');
    assert.equal(origin.requests.at(-1).target, '/open/a%2Fb/c?d=%2f');
    assert.equal(await routeOf(gateway, '/open/a%252Fb'), 'allows');
  });
});
