import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificate, pairs } from '../harness/certificates.mjs';
import { scene } from '../harness/scene.mjs';
import { handshake } from './harness.mjs';

test('a certificate is chosen by name: exact, wildcard, else the first', { timeout: 60_000 }, async () => {
  const [first, wild, exact] = [['first.example'], ['*.example.com'], ['www.example.com']].map((names) => certificate({ names }));
  const { port } = await scene({}, { tls: { certificates: pairs(first, wild, exact) } });
  const shown = async (servername) => (await handshake(port, { servername })).commonName;
  assert.equal(await shown('www.example.com'), 'www.example.com');
  assert.equal(await shown('api.example.com'), '*.example.com');
  assert.equal(await shown('a.b.example.com'), 'first.example');
  assert.equal(await shown('example.com'), 'first.example');
  assert.equal(await shown(''), 'first.example');
});

test('ECDSA and RSA stand side by side: each client gets what it can verify', { timeout: 60_000 }, async () => {
  const names = ['localhost'];
  const { port } = await scene({}, { tls: { certificates: pairs(certificate({ names, kind: 'rsa' }), certificate({ names, kind: 'ec' })) } });
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const only = async (sigalgs) => (await handshake(port, { maxVersion: version, sigalgs })).key;
    assert.equal(await only('ECDSA+SHA256'), 'ec');
    assert.equal(await only('RSA-PSS+SHA256:RSA+SHA256'), 'rsa');
  }
});
