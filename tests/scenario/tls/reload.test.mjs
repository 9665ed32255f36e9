import assert from 'node:assert/strict';
import { copyFile, rename } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { certificate, file, pairs } from '../harness/certificates.mjs';
import { eventually } from '../harness/eventually.mjs';
import { RawClient, get } from '../harness/raw_client.mjs';
import { reload, status } from '../harness/reload.mjs';
import { handshake, secureScene } from './harness.mjs';

async function replace(target, source) {
  await copyFile(source, `${target}.new`);
  await rename(`${target}.new`, target);
}

const fingerprint = ({ cert }) => new X509Certificate(cert).fingerprint256;
const shows = (port, made) => eventually(async () => (await handshake(port)).fingerprint === fingerprint(made), 'the new certificate');

test('files that change are taken in, and no connection notices', { timeout: 60_000 }, async () => {
  const { gateway, port, shown, secure } = await secureScene();
  const before = fingerprint(shown);
  const open = new RawClient(port, { secure });
  open.send(get('/'));
  await open.response(0);
  const newer = certificate({ days: 60 });
  await replace(shown.certFile, newer.certFile);
  await replace(shown.keyFile, newer.keyFile);
  await shows(port, newer);
  assert.notEqual(fingerprint(newer), before);
  open.send(get('/'));
  assert.equal((await open.response(1)).status, 200);
  open.destroy();
  assert.equal(await gateway.metric('penstock_tls_certificate_reloads_total', { result: 'success' }), 1);
  assert.match(gateway.child.err, /event="certificates reloaded" listener=public/);
  const expiry = await gateway.metric('penstock_tls_certificate_expiry_timestamp_seconds', { listener: 'public', cn: 'localhost' });
  assert.equal(expiry * 1000, new Date(new X509Certificate(newer.cert).validTo).getTime());
  const [listener] = (await status(gateway)).listeners;
  assert.deepEqual(listener.certificates.map((each) => [each.common_name, each.names, each.key]), [['localhost', ['localhost'], 'ECDSA']]);
});

test('a bad pair leaves the old one serving, and is told everywhere', { timeout: 60_000 }, async () => {
  const { gateway, port, shown, secure } = await secureScene();
  const before = fingerprint(shown);
  const newer = certificate();
  await replace(shown.keyFile, newer.keyFile);
  await eventually(async () => await gateway.metric('penstock_tls_certificate_reloads_total', { result: 'failure' }) === 1, 'a failure');
  assert.equal((await handshake(port, { ca: secure.ca, rejectUnauthorized: true })).fingerprint, before);
  const { config } = await status(gateway);
  assert.equal(config.certificate_errors.length, 1);
  assert.match(config.certificate_errors[0], new RegExp(`^public: ${shown.keyFile}: its key does not belong to the certificate in ${shown.certFile}`));
  assert.match(gateway.child.err, /level=error event="changed certificate files are in error; what was served is still served"/);
  assert.doesNotMatch(gateway.child.err + JSON.stringify(config), /PRIVATE KEY/);
  await replace(shown.certFile, newer.certFile);
  await shows(port, newer);
  assert.equal((await status(gateway)).config.certificate_errors, undefined);
});

test('HUP takes in other files, and TLS where there was none', { timeout: 60_000 }, async () => {
  const { gateway, port } = await secureScene();
  const other = certificate({ names: ['other.example'] });
  gateway.config.listeners[0].tls.certificates = pairs(other);
  assert.equal(await reload(gateway, gateway.config), 'success');
  await shows(port, other);
  gateway.config.listeners[0].tls.certificates[0].keyFile = file('no key');
  assert.equal(await reload(gateway, gateway.config), 'failure');
  assert.equal((await handshake(port)).fingerprint, fingerprint(other));
  delete gateway.config.listeners[0].tls;
  assert.equal(await reload(gateway, gateway.config), 'success');
  await eventually(async () => {
    const client = new RawClient(port).send(get('/'));
    return (await client.response()).status === 200;
  }, 'plain HTTP');
});
