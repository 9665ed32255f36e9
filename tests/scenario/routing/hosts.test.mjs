import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayOf, routeOf } from './table.mjs';

test('exact before *., the longest first, before any; and back where they do not serve', { timeout: 60_000 }, async (t) => {
  const { gateway } = await gatewayOf([
    ['any', '/*'],
    ['exact', '/x', { host: 'api.example.com' }],
    ['wide', '/*', { host: '*.com' }],
    ['narrow', '/x/*', { host: '*.Example.com' }],
    ['narrower', '/y', { hosts: ['*.eu.example.com', 'other.test'] }],
  ]);
  for (const [routeId, host, path] of [
    ['exact', 'api.example.com', '/x'],
    ['exact', 'API.example.com.:8080', '/x'],
    ['narrow', 'api.example.com', '/x/1'],
    ['wide', 'api.example.com', '/z'],
    ['narrow', 'a.b.example.com', '/x'],
    ['narrower', 'a.eu.example.com', '/y'],
    ['narrower', 'other.test', '/y'],
    ['narrow', 'a.eu.example.com', '/x'],
    ['wide', 'example.com', '/x'],
    ['any', 'com', '/x'],
    ['any', '10.0.0.1', '/x'],
    ['any', '[::1]', '/x'],
  ]) {
    await t.test(`${host}${path} is ${routeId}`, async () => {
      assert.equal(await routeOf(gateway, path, [`Host: ${host}`]), routeId);
    });
  }
});

test('a host below no wildcard is 404', { timeout: 60_000 }, async () => {
  const { gateway } = await gatewayOf([['a', '/*', { host: '*.example.com' }]]);
  assert.equal(await routeOf(gateway, '/', ['Host: example.com']), null);
  assert.equal(await gateway.metric('penstock_route_misses_total', { reason: 'no_host' }), 1);
});
