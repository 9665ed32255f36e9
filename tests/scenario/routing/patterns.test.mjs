import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayOf, routeOf } from './table.mjs';

// [routeId, path]
const table = [
  ['literal', '/r/all.json'],
  ['function', "/r/get(period='{period}')"],
  ['get', '/r/get{name}'],
  ['json', '/r/{name}.json'],
  ['compare', '/r/{base}...{head}'],
  ['number', '/r/{id:[0-9]+}'],
  ['year', '/r/{year:[0-9]{4}}-{rest}'],
  ['any', '/r/{id}'],
  ['below', '/r/*'],
  ['verb', '/v1/{name}:cancel'],
  ['count', '/v1/$count'],
];

const asks = [
  ['literal', '/r/all.json'],
  ['function', "/r/get(period='D7')"],
  ['get', "/r/get(period='')"],
  ['get', '/r/get.json'],
  ['json', '/r/some.json'],
  ['json', '/r/a...b.json'],
  ['any', '/r/.json'],
  ['compare', '/r/v1...v2'],
  ['any', '/r/...v2'],
  ['number', '/r/42'],
  ['number', '/r/4%32'],
  ['any', '/r/42a'],
  ['year', '/r/2024-x'],
  ['any', '/r/24-x'],
  ['below', '/r/42/x'],
  ['below', '/r/'],
  ['below', '/r'],
  ['verb', '/v1/op:cancel'],
  [null, '/v1/:cancel'],
  ['count', '/v1/$count'],
  [null, '/v1/%24count'],  // `$` is reserved: its escape is another path (RFC 3986 §6.2.2.2).
];

for (const [order, routes] of [['as written', table], ['the other way round', [...table].reverse()]]) {
  test(`parameters within segments, the order in the file ${order}`, { timeout: 60_000 }, async (t) => {
    const { gateway } = await gatewayOf(routes);
    for (const [routeId, path] of asks) {
      await t.test(`${path} is ${routeId}`, async () => assert.equal(await routeOf(gateway, path), routeId));
    }
  });
}
