import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Child } from '../harness/child.mjs';
import { within } from '../harness/eventually.mjs';
import { binary } from '../harness/gateway.mjs';
import { atEnd } from '../harness/scene.mjs';

const file = (keys) => `listeners: [ { name: public, address: "127.0.0.1:20000" } ]
services:
  - { serviceName: order-service, instances: [ { host: 127.0.0.1, port: 9 } ] }
  - { serviceName: order-service-v2, instances: [ { host: 127.0.0.1, port: 9 } ] }
routes:
  - routeId: orders
    path: "/api/orders/*"
    authRequired: false
${keys}`;

async function checked(keys) {
  const dir = await mkdtemp(path.join(tmpdir(), 'scenario-select-'));
  atEnd(() => rm(dir, { recursive: true, force: true }));
  await writeFile(path.join(dir, 'penstock.yaml'), file(keys));
  const child = new Child(binary, ['check', 'penstock.yaml'], { cwd: dir });
  atEnd(() => child.stop('SIGKILL'));
  const { code } = await within(child.exited, 'the process');
  return { code, said: child.err + child.out };
}

const faults = [
  ['no service at all', '', /penstock\.yaml:6:5 routes\[0\]: found none of .*expected exactly one of them/],
  ['two ways at once', '    upstreamService: order-service\n    split: [ { upstreamService: order-service-v2, weight: 1 } ]\n', /penstock\.yaml:10:5 routes\[0\]: found both "upstreamService" and "split", expected exactly one/],
  ['a service that is not there', '    split: [ { upstreamService: order-servce, weight: 1 } ]\n', /routes\[0\]\.split\[0\]\.upstreamService: found "order-servce".*did you mean "order-service"\?/],
  ['weights of 0', '    split: [ { upstreamService: order-service, weight: 0 } ]\n', /routes\[0\]\.split: found no weight but 0/],
  ['a default that is no version', '    versions: { header: Accept-Version, default: v2, to: { v1: { upstreamService: order-service } } }\n', /routes\[0\]\.versions\.default: found "v2", expected one of the versions/],
  ['a sunset before the deprecation', '    versions: { header: Accept-Version, to: { v1: { upstreamService: order-service, deprecated: 2027-01-01, sunset: 2026-01-01 } } }\n', /routes\[0\]\.versions\.to\.v1\.sunset: found 2026-01-01/],
];
for (const [name, keys, wanted] of faults) {
  test(`${name} is an error with its place`, { timeout: 60_000 }, async () => {
    const { code, said } = await checked(keys);
    assert.equal(code, 78, said);
    assert.match(said, wanted);
  });
}

test('a canary and versions are taken as they are written in the documentation', { timeout: 60_000 }, async () => {
  const canary = await checked('    split: [ { upstreamService: order-service, weight: 90 }, { upstreamService: order-service-v2, weight: 10 } ]\n    stickyBy: { cookie: bucket }\n');
  assert.equal(canary.code, 0, canary.said);
  const versions = await checked('    versions: { header: Accept-Version, default: v1, to: { v1: { upstreamService: order-service }, v2: { split: [ { upstreamService: order-service-v2, weight: 1 } ] } } }\n');
  assert.equal(versions.code, 0, versions.said);
});
