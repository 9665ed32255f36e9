import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificate, file } from '../harness/certificates.mjs';
import { folder, penstock } from '../config/penstock.mjs';

async function checked(certFile, keyFile) {
  const text = `listeners: [ { name: public, address: "127.0.0.1:20000", tls: { certificates: [ { certFile: "${certFile}", keyFile: "${keyFile}" } ] } } ]\n`;
  return penstock(await folder({ 'gw.yaml': text }), ['check', 'gw.yaml']);
}

const place = (key, name) => new RegExp(`^(warning: )?gw\\.yaml:1:\\d+ listeners\\[0\\]\\.tls\\.certificates\\[0\\]\\.${key}: found "${name}": `);

test('check tells which file of a pair is wrong, and how', { timeout: 60_000 }, async () => {
  const [good, other, weak] = [certificate(), certificate(), certificate({ kind: 'weak' })];
  for (const [certFile, keyFile, key, wrong, words] of [
    [good.certFile, other.keyFile, 'keyFile', other.keyFile, `its key does not belong to the certificate in ${good.certFile}`],
    [good.certFile, '/nowhere/a.key', 'keyFile', '/nowhere/a.key', 'it cannot be read: No such file or directory'],
    [good.keyFile, good.keyFile, 'certFile', good.keyFile, 'it holds no certificate in PEM'],
    [weak.certFile, weak.keyFile, 'keyFile', weak.keyFile, 'its RSA key has 1024 bits, expected 2048 or more'],
    [good.certFile, file('-----BEGIN ENCRYPTED PRIVATE KEY-----\n'), 'keyFile', '.*', 'its key is encrypted, expected one without a passphrase'],
  ]) {
    const { code, lines } = await checked(certFile, keyFile);
    assert.equal(code, 78, words);
    assert.match(lines[0], place(key, wrong));
    assert.ok(lines[0].endsWith(words), lines[0]);
  }
});

test('what clients will refuse is a warning', { timeout: 60_000 }, async () => {
  for (const [made, words] of [
    [certificate({ days: -1 }), /its certificate has expired on \d{4}-/],
    [certificate({ names: [], addresses: [], commonName: 'x' }), /its certificate names no host in a subjectAltName/],
  ]) {
    const { code, lines } = await checked(made.certFile, made.keyFile);
    assert.equal(code, 0);
    const line = lines.find((said) => said.includes('certFile'));
    assert.match(line, place('certFile', made.certFile));
    assert.match(line, words);
  }
});
