import assert from 'node:assert/strict';
import net from 'node:net';
import { copyFile } from 'node:fs/promises';
import { test } from 'node:test';
import { certificate } from '../harness/certificates.mjs';
import { eventually } from '../harness/eventually.mjs';
import { toOrigin } from '../harness/gateway.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { reload } from '../harness/reload.mjs';
import { atEnd, rawOrigin, scene, startGateway } from '../harness/scene.mjs';

const authority = certificate({ names: [], addresses: [], commonName: 'authority', authority: true });
const shown = certificate({ names: ['orders.internal'], addresses: [], issuer: authority });
const terms = { caFile: authority.certFile, serverName: 'orders.internal' };

const secureScene = (tls = terms, { secure = {}, ...script } = {}) =>
  scene({ secure: { cert: shown.cert, key: shown.key, ...secure }, ...script }, { service: { tls } });

test('a service is spoken to by https, over connections that are kept', { timeout: 60_000 }, async () => {
  const { gateway, origin, port } = await secureScene();
  for (let i = 0; i < 5; i += 1) assert.equal((await ask(port, get('/'))).body, 'ok');
  assert.equal(origin.requests.length, 5);
  assert.ok(origin.accepted <= 2, 'one for each worker');
  const [connection] = origin.connections;
  assert.equal(connection.socket.servername, 'orders.internal');
  assert.equal(connection.socket.alpnProtocol, false);
  assert.equal(await gateway.metric('penstock_upstream_connects_total', { outcome: 'connected' }), origin.accepted);
});

test('a connection resumes what one before it began', { timeout: 60_000 }, async () => {
  const resumed = [];
  const { port } = await scene({
    secure: { cert: shown.cert, key: shown.key },
    onConnection: (connection) => resumed.push(connection.socket.isSessionReused()),
    respond: (_, connection) => { connection.send(answer('200 OK', 'ok', ['Connection: close'])); connection.close(); },
  }, { service: { tls: terms }, config: { runtime: { workers: 1 } } });
  for (let i = 0; i < 8; i += 1) assert.equal((await ask(port, get('/'))).status, 200);
  assert.ok(resumed.filter(Boolean).length >= 6, `${resumed}`);
});

for (const [what, tls, made, code] of [
  ['a wrong name', { ...terms, serverName: 'users.internal' }, shown, 'upstream_certificate_name'],
  ['a name for which there is only an address', { caFile: authority.certFile }, shown, 'upstream_certificate_name'],
  ['an unknown authority', { ...terms, caFile: certificate().certFile }, shown, 'upstream_certificate_untrusted'],
  ['authorities of the system', { serverName: 'orders.internal' }, shown, 'upstream_certificate_untrusted'],
  ['an expired certificate', terms, certificate({ names: ['orders.internal'], issuer: authority, days: -1 }), 'upstream_certificate_expired'],
]) {
  test(`${what}: 502, and nothing was sent`, { timeout: 60_000 }, async () => {
    const { gateway, origin, port } = await secureScene(tls, { secure: { cert: made.cert, key: made.key } });
    const got = await ask(port, get('/'));
    assert.equal(got.status, 502);
    assert.equal(JSON.parse(got.body).code, code);
    assert.ok(got.fields.some(([name, value]) => name.toLowerCase() === 'proxy-status' && value.includes('error=tls_certificate_error')), JSON.stringify(got.fields));
    assert.equal(origin.requests.length, 0);
    assert.equal(await gateway.metric('penstock_upstream_connects_total', { outcome: 'tls_failed' }), 2, 'it was tried again');
    assert.match(gateway.child.err, /level=warn event="TLS to a service failed" service=origin endpoint=127\.0\.0\.1:\d+ reason=certificate\w* detail="/);
    assert.equal((await gateway.logged((line) => line.status_code === 502)).reason, code);
  });
}

test('verify: false trusts anybody', { timeout: 60_000 }, async () => {
  const other = certificate({ names: ['other'] });
  const { port } = await secureScene({ verify: false }, { secure: { cert: other.cert, key: other.key } });
  assert.equal((await ask(port, get('/'))).status, 200);
});

test('a service that asks for a certificate is shown one', { timeout: 60_000 }, async () => {
  const mine = certificate({ names: ['gateway'], issuer: authority });
  const secure = { requestCert: true, rejectUnauthorized: true, ca: authority.cert };
  const names = [];
  const { port } = await secureScene({ ...terms, certFile: mine.certFile, keyFile: mine.keyFile }, {
    secure,
    respond: (_, connection) => { names.push(connection.socket.getPeerCertificate().subject.CN); connection.send(answer('200 OK')); },
  });
  assert.equal((await ask(port, get('/'))).status, 200);
  assert.deepEqual(names, ['gateway']);
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    const without = await secureScene(terms, { secure: { ...secure, maxVersion } });
    const got = await ask(without.port, get('/'));
    assert.equal(got.status, 502, maxVersion);
    assert.equal(JSON.parse(got.body).code, 'upstream_tls_refused', maxVersion);
  }
});

test('a service that speaks no TLS is told apart', { timeout: 60_000 }, async () => {
  const { gateway, port } = await scene({ onConnection: (connection) => { connection.raw = true; connection.send('HTTP/1.1 400 Bad Request\r\n\r\n'); } }, { service: { tls: terms } });
  const got = await ask(port, get('/'));
  assert.equal(got.status, 502);
  assert.equal(JSON.parse(got.body).code, 'upstream_tls_failed');
  assert.ok(await gateway.metric('penstock_upstream_connects_total', { outcome: 'tls_failed' }) >= 1);
});

test('a service that does not shake hands is a connect timeout', { timeout: 60_000 }, async () => {
  const { port } = await scene({ onConnection: (connection) => { connection.raw = true; } }, { service: { tls: terms, timeouts: { connect: '300ms' }, retry: { attempts: 1 } } });
  const got = await ask(port, get('/'));
  assert.equal(got.status, 504);
  assert.equal(JSON.parse(got.body).code, 'upstream_connect_timeout');
});

// Stands between gateway and origin, and ends a connection as anybody on the way could.
async function cutter(port) {
  const made = { cuts: [] };
  const server = net.createServer({ allowHalfOpen: true }, (gateway) => {
    const origin = net.connect({ port, host: '127.0.0.1' });
    gateway.pipe(origin);
    origin.on('data', (bytes) => gateway.write(bytes));
    for (const socket of [gateway, origin]) socket.on('error', () => {});
    made.cuts.push(() => { gateway.end(); origin.destroy(); });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => { for (const cut of made.cuts) cut(); server.close(); });
  made.port = server.address().port;
  return made;
}

test('an answer that ends with the connection is whole only with a goodbye', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin({
    secure: { cert: shown.cert, key: shown.key },
    respond: ({ target }, connection) => {
      connection.send('HTTP/1.1 200 OK\r\n\r\nall of it');
      if (target === '/whole') connection.close();
    },
  });
  const between = await cutter(origin.port);
  const { port } = await startGateway(toOrigin(between.port, { tls: terms }));
  assert.equal((await ask(port, get('/whole'))).body, 'all of it');
  const client = new RawClient(port).send(get('/cut'));
  assert.ok(await client.until(() => client.text.includes('all of it')));
  between.cuts.at(-1)();
  await client.closed();
  assert.equal(client.responses.finals[0]?.complete ?? false, false, client.text);
});

test('what a service trusts and shows is taken in when its files change', { timeout: 60_000 }, async () => {
  const caFile = certificate().certFile;
  const { gateway, port } = await secureScene({ ...terms, caFile });
  assert.equal((await ask(port, get('/'))).status, 502);
  await copyFile(authority.certFile, caFile);
  await eventually(async () => (await ask(port, get('/'))).status === 200, 'trust');
  assert.match(gateway.child.err, /certificates of services reloaded/);
});

test('HUP turns TLS towards a service on and off', { timeout: 60_000 }, async () => {
  const { gateway, port } = await secureScene();
  assert.equal((await ask(port, get('/'))).status, 200);
  const plain = await rawOrigin();
  gateway.config.services[0] = { serviceName: 'origin', instances: [{ host: '127.0.0.1', port: plain.port }] };
  assert.equal(await reload(gateway, gateway.config), 'success');
  assert.equal((await ask(port, get('/'))).status, 200);
  assert.equal(plain.requests.length, 1);
});
