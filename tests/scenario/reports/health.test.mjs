import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, get, request } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

test('livez and readyz answer on admin and health, and only there', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene({}, { route: { path: '/known' } });
  for (const where of [gateway.adminPort, gateway.healthPort]) {
    for (const path of ['/livez', '/readyz', '/readyz?verbose']) assert.equal((await ask(where, get(path))).status, 200, path);
    assert.equal((await ask(where, request('HEAD', '/livez'))).status, 200);
    assert.equal((await ask(where, get('/nothing'))).status, 404);
    assert.equal((await ask(where, request('POST', '/metrics', [], 'x'))).status, 405);
  }
  for (const path of ['/livez', '/metrics']) assert.equal((await ask(port, get(path))).status, 404, path);
});

test('the operator\'s addresses refuse what the public one refuses', { timeout: 60_000 }, async () => {
  const { gateway } = await scene();
  for (const bytes of ['GET /metrics HTTP/1.1\r\n\r\n', 'GET  /metrics HTTP/1.1\r\nHost: x\r\n\r\n', 'garbage\r\n\r\n']) {
    assert.equal((await ask(gateway.adminPort, bytes)).status, 400);
  }
  assert.equal((await ask(gateway.adminPort, get('/livez'))).status, 200);
});
