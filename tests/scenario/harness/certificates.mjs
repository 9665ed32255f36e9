import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atEnd } from './scene.mjs';

let dir;
let count = 0;

function folder() {
  if (!dir) {
    dir = mkdtempSync(path.join(tmpdir(), 'scenario-certificates-'));
    atEnd(() => rmSync(dir, { recursive: true, force: true }));
  }
  return dir;
}

function openssl(...args) {
  const done = spawnSync('openssl', args, { cwd: folder(), encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`openssl ${args.join(' ')}: ${done.stderr}`);
}

const kinds = { ec: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], rsa: ['rsa:2048'], weak: ['rsa:1024'], ed25519: ['ed25519'] };

// A certificate in files: signed by itself, or by `issuer`, which is another that is an `authority`.
export function certificate({ names = ['localhost'], addresses = ['127.0.0.1'], commonName = names[0], kind = 'ec', days = 30, issuer, authority = false } = {}) {
  const name = `${count += 1}`;
  const made = { certFile: path.join(folder(), `${name}.pem`), keyFile: path.join(folder(), `${name}.key`) };
  const alternatives = [...names.map((each) => `DNS:${each}`), ...addresses.map((each) => `IP:${each}`)].join(',');
  const extensions = ['-addext', `basicConstraints=critical,CA:${authority ? 'TRUE' : 'FALSE'}`];
  if (alternatives) extensions.push('-addext', `subjectAltName=${alternatives}`);
  openssl('req', '-new', '-nodes', '-newkey', ...kinds[kind], '-keyout', made.keyFile, '-subj', `/CN=${commonName}`, ...extensions, '-out', `${name}.csr`);
  const signer = issuer ? ['-CA', issuer.certFile, '-CAkey', issuer.keyFile] : ['-signkey', made.keyFile];
  openssl('x509', '-req', '-in', `${name}.csr`, ...signer, '-days', `${days}`, '-copy_extensions', 'copy', '-out', made.certFile);
  return { ...made, get cert() { return readFileSync(made.certFile); }, get key() { return readFileSync(made.keyFile); } };
}

// What a configuration says of certificates.
export const pairs = (...made) => made.map(({ certFile, keyFile }) => ({ certFile, keyFile }));

// A file of the scenario's with that content.
export function file(content) {
  const made = path.join(folder(), `${count += 1}.txt`);
  writeFileSync(made, content);
  return made;
}
