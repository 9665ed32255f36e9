import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, get } from '../harness/raw_client.mjs';
import { counts, select, weights } from './scene.mjs';

// Far enough from what is expected that chance alone gets there once in a million runs.
const about = (count, times, share) => {
  const wide = 5 * Math.sqrt(times * share * (1 - share));
  assert.ok(Math.abs(count - times * share) <= wide, `${count} of ${times}, expected about ${times * share} ± ${wide}`);
};

test('ninety of a hundred go to one service, ten to the other', { timeout: 60_000 }, async () => {
  const scene = await select(['orders', 'orders-v2'], { split: weights({ orders: 90, 'orders-v2': 10 }) });
  const by = await counts(scene, 1000);
  about(by['orders-v2'], 1000, 0.1);
  assert.equal(by.orders + by['orders-v2'], 1000);
  const line = await scene.gateway.logged((l) => l.upstream_service === 'orders-v2');
  assert.equal(line.api_version, null);
  assert.equal(await scene.gateway.metric('penstock_requests_total', { service: 'orders' }), by.orders);
  assert.equal(await scene.gateway.metric('penstock_requests_total', { service: 'orders-v2' }), by['orders-v2']);
});

test('a weight of 0 gets nothing: blue before green', { timeout: 60_000 }, async () => {
  const scene = await select(['blue', 'green'], { split: weights({ blue: 0, green: 100 }) });
  assert.deepEqual(await counts(scene, 100), { green: 100 });
});

test('each route splits as it says', { timeout: 60_000 }, async () => {
  const { gateway } = await select(['a', 'b', 'c'], { path: '/one/*', upstreamService: 'a' }, {
    routes: [
      { routeId: 'two', path: '/two', split: weights({ b: 1 }) },
      { routeId: 'three', path: '/three', split: weights({ a: 0, c: 1 }) },
    ],
  });
  for (const [path, name] of [['/one/x', 'a'], ['/two', 'b'], ['/three', 'c']])
    assert.equal((await ask(gateway.port, get(path))).body, name);
});
