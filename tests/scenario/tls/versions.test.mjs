import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, get } from '../harness/raw_client.mjs';
import { handshake, secureScene } from './harness.mjs';

test('TLS 1.2 and 1.3 are spoken, older versions are refused', { timeout: 60_000 }, async () => {
  const { gateway, port } = await secureScene();
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const agreed = await handshake(port, { minVersion: version, maxVersion: version });
    assert.equal(agreed.version, version, agreed.error);
    assert.equal(agreed.group, 'X25519');
  }
  const old = await handshake(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' });
  assert.match(old.error.code, /ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
  assert.equal(await gateway.metric('penstock_tls_handshakes_total', { version: 'TLSv1.2', resumed: 'false' }), 1);
  assert.equal(await gateway.metric('penstock_tls_handshake_failures_total', { listener: 'public', reason: 'version' }), 1);
  assert.match(gateway.child.err, /event="TLS handshake failed" listener=public peer=127\.0\.0\.1:\d+ reason=version detail="unsupported protocol"/);
});

test('minVersion 1.3 refuses TLS 1.2', { timeout: 60_000 }, async () => {
  const { port } = await secureScene({}, { tls: { minVersion: '1.3' } });
  assert.match((await handshake(port, { maxVersion: 'TLSv1.2' })).error.code, /ALERT_PROTOCOL_VERSION/);
  assert.equal((await handshake(port)).version, 'TLSv1.3');
});

test('of good ciphers AES-128 is chosen, ChaCha20 if the client wants it first, and weak ones are not to be had', { timeout: 60_000 }, async () => {
  const { port } = await secureScene();
  const aes128 = 'ECDHE-ECDSA-AES128-GCM-SHA256';
  const aes256 = 'ECDHE-ECDSA-AES256-GCM-SHA384';
  const chacha = 'ECDHE-ECDSA-CHACHA20-POLY1305';
  const cases = [[[chacha, aes128], 'CHACHA20_POLY1305_SHA256'], [[aes256, chacha, aes128], 'AES_128_GCM_SHA256'], [[aes256], 'AES_256_GCM_SHA384']];
  for (const [offered, chosen] of cases) {
    const agreed = await handshake(port, { maxVersion: 'TLSv1.2', ciphers: offered.join(':') });
    assert.equal(agreed.cipher, `TLS_ECDHE_ECDSA_WITH_${chosen}`);
  }
  for (const weak of ['AES128-SHA', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES128-SHA256']) {
    assert.ok((await handshake(port, { maxVersion: 'TLSv1.2', ciphers: `${weak}:@SECLEVEL=0` })).error, weak);
  }
});

test('http/1.1 is what is spoken of the protocols offered; h2 alone is refused', { timeout: 60_000 }, async () => {
  const { gateway, port } = await secureScene();
  assert.equal((await handshake(port, { ALPNProtocols: ['h2', 'http/1.1'] })).protocol, 'http/1.1');
  assert.equal((await handshake(port)).protocol, false);
  assert.match((await handshake(port, { ALPNProtocols: ['h2'] })).error.code, /NO_APPLICATION_PROTOCOL/);
  assert.equal(await gateway.metric('penstock_tls_handshake_failures_total', { reason: 'protocol' }), 1);
});

test('services, the log and metrics are told of https', { timeout: 60_000 }, async () => {
  const { gateway, origin, port, secure } = await secureScene();
  assert.equal((await ask(port, get('/secret'), { secure })).status, 200);
  const [asked] = origin.requests;
  assert.ok(asked.fields.some(([name, value]) => name.toLowerCase() === 'x-forwarded-proto' && value === 'https'), JSON.stringify(asked.fields));
  const line = await gateway.logged((each) => each.path === '/secret');
  assert.deepEqual(line.tls, { version: 'TLSv1.3', sni: 'localhost' });
  assert.equal(await gateway.metric('http_server_request_duration_seconds_count', { url_scheme: 'https' }), 1);
  assert.equal(await gateway.metric('http_server_request_duration_seconds_count', { url_scheme: 'http' }), 0);
});
