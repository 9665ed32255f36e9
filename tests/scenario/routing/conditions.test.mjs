import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf } from '../harness/http1_parse.mjs';
import { ask, request } from '../harness/raw_client.mjs';
import { gatewayOf, routeOf } from './table.mjs';

test('headers and query parameters choose the route', { timeout: 60_000 }, async (t) => {
  const { gateway } = await gatewayOf([
    ['plain', '/o'],
    ['v2', '/o', { headers: [{ name: 'X-Version', equals: 'v2' }] }],
    ['v3', '/o', { headers: [{ name: 'x-version', regex: 'v3(\\.[0-9]+)?' }] }],
    ['debug', '/o', { query: [{ name: 'debug', present: true }] }],
    ['v2-debug', '/o', { headers: [{ name: 'X-Version', equals: 'v2' }], query: [{ name: 'debug', present: true }] }],
    ['blank', '/o', { query: [{ name: 'q', equals: 'a b' }, { name: 'x y', absent: true }] }],
  ]);
  for (const [routeId, path, ...fields] of [
    ['plain', '/o'],
    ['v2', '/o', 'x-VERSION: v2'],
    ['plain', '/o', 'X-Version: V2'],
    ['plain', '/o', 'X-Version: v2, v2'],
    ['plain', '/o', 'X-Version: v1', 'X-Version: v2'],
    ['v3', '/o', 'X-Version: v3'],
    ['v3', '/o', 'X-Version: v3.14'],
    ['plain', '/o', 'X-Version: v3.14x'],
    ['debug', '/o?debug'],
    ['debug', '/o?a=b&debug=&c'],
    ['debug', '/o?d%65bug=0'],
    ['plain', '/o?debugs=1'],
    ['v2-debug', '/o?debug=1', 'X-Version: v2'],
    ['blank', '/o?q=a%20b'],
    ['plain', '/o?q=a+b'],
    ['plain', '/o?q=a%20b&q=a%20b'],
    ['plain', '/o?q=a%20b&x%20y'],
  ]) {
    await t.test(`${path} ${fields} is ${routeId}`, async () => {
      assert.equal(await routeOf(gateway, path, fields), routeId);
    });
  }
});

test('what fails on a condition falls back to the next path, then is 404', { timeout: 60_000 }, async () => {
  const v2 = { headers: [{ name: 'X-Version', equals: 'v2' }] };
  const { gateway } = await gatewayOf([
    ['literal', '/a/b', v2],
    ['parameter', '/a/{x}', { method: 'GET' }],
    ['alone', '/c', v2],
  ]);
  assert.equal(await routeOf(gateway, '/a/b', ['X-Version: v2']), 'literal');
  assert.equal(await routeOf(gateway, '/a/b'), 'parameter');
  assert.equal(await routeOf(gateway, '/c'), null);
  assert.equal(await gateway.metric('penstock_route_misses_total', { reason: 'no_path' }), 1);
});

test('405 names the methods of the routes that would match but for it', { timeout: 60_000 }, async () => {
  const { port } = await gatewayOf([
    ['v2', '/o', { method: 'PUT', headers: [{ name: 'X-Version', equals: 'v2' }] }],
    ['debug', '/o', { method: 'PATCH', query: [{ name: 'debug', present: true }] }],
    ['below', '/*', { methods: ['GET', 'DELETE'] }],
  ]);
  const allowed = async (path, ...fields) => {
    const response = await ask(port, request('POST', path, fields));
    assert.equal(response.status, 405);
    return valueOf(response, 'allow').split(/, */).sort();
  };
  assert.deepEqual(await allowed('/o'), ['DELETE', 'GET', 'HEAD']);
  assert.deepEqual(await allowed('/o', 'X-Version: v2'), ['DELETE', 'GET', 'HEAD', 'PUT']);
  assert.deepEqual(await allowed('/o?debug', 'X-Version: v2'), ['DELETE', 'GET', 'HEAD', 'PATCH', 'PUT']);
});
