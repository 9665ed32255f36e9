import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { certificate, pairs } from '../harness/certificates.mjs';
import { isSanitized } from '../harness/gateway.mjs';
import { atEnd } from '../harness/scene.mjs';
import { secureScene } from './harness.mjs';

const sections = ['--protocols', '--std', '--fs', '--server-preference', '--server-defaults', '--vulnerable'];
// Who issued the certificate, and with what, is its owner's choice.
const ofCertificate = /^cert_|^DNS_CAA/;

async function run(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (bytes) => { said += bytes; });
  child.stderr.on('data', (bytes) => { said += bytes; });
  await once(child, 'close');
  return said;
}

test('testssl.sh finds nothing above low', { timeout: 300_000, skip: isSanitized() && 'sanitizers do not change what is spoken' }, async () => {
  const both = pairs(certificate({ kind: 'ec' }), certificate({ kind: 'rsa' }));
  const { port } = await secureScene({}, { tls: { certificates: both } });
  const folder = mkdtempSync(path.join(tmpdir(), 'scenario-testssl-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const report = path.join(folder, 'report.json');
  const said = await run('testssl', ['--quiet', '--warnings', 'off', '--color', '0', '--jsonfile', report, ...sections, `127.0.0.1:${port}`]);
  const findings = JSON.parse(readFileSync(report));
  assert.ok(findings.length > 60, said);
  const ids = new Set(findings.map(({ id }) => id));
  for (const id of ['TLS1_3', 'cipher_order', 'heartbleed', 'ROBOT', 'secure_client_renego', 'BEAST', 'LUCKY13']) assert.ok(ids.has(id), `${id} among ${[...ids]}`);
  const bad = findings.filter(({ id, severity }) => !ofCertificate.test(id) && !['OK', 'INFO', 'LOW'].includes(severity));
  assert.deepEqual(bad, []);
});
