import assert from 'node:assert/strict';
import tls from 'node:tls';
import { test } from 'node:test';
import { eventually, within } from '../harness/eventually.mjs';
import { get } from '../harness/raw_client.mjs';
import { secureScene } from './harness.mjs';

// One request; gives the session to go on from, and whether this one went on from `session`.
async function visit(port, version, session) {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, minVersion: version, maxVersion: version, session });
  let next = session;
  socket.on('session', (made) => { next = made; });
  await within(new Promise((resolve, reject) => { socket.once('secureConnect', resolve); socket.once('error', reject); }), 'a handshake');
  socket.write(get('/'));
  await within(new Promise((resolve) => socket.once('data', resolve)), 'an answer');
  const resumed = socket.isSessionReused();
  socket.destroy();
  return { next, resumed };
}

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  test(`${version} sessions go on over connections and workers`, { timeout: 60_000 }, async () => {
    const { gateway, port } = await secureScene({}, { config: { runtime: { workers: 2 } } });
    let session = (await visit(port, version)).next;
    for (let i = 0; i < 16; i += 1) {
      const { next, resumed } = await visit(port, version, session);
      assert.equal(resumed, true, `connection ${i}`);
      session = next;
    }
    assert.equal(await gateway.metric('penstock_tls_handshakes_total', { version, resumed: 'true' }), 16);
    assert.equal(await gateway.metric('penstock_tls_handshakes_total', { version, resumed: 'false' }), 1);
  });
}

test('at most one ticket is issued for a handshake', { timeout: 60_000 }, async () => {
  const { port } = await secureScene();
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false });
  let tickets = 0;
  let text = '';
  socket.on('session', () => { tickets += 1; });
  socket.on('data', (bytes) => { text += bytes; });
  socket.write(get('/'));
  socket.write(get('/'));
  await eventually(() => text.split('HTTP/1.1 200').length === 3, 'two answers');
  socket.destroy();
  assert.equal(tickets, 1);
});
