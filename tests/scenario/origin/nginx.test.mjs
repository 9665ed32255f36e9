// nginx as an origin: files, ranges, validators, chunked answers, keep-alive it ends by itself.
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Child } from '../harness/child.mjs';
import { toOrigin } from '../harness/gateway.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { freePort } from '../harness/ports.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { atEnd, startGateway } from '../harness/scene.mjs';

async function startNginx() {
  const dir = await mkdtemp(path.join(tmpdir(), 'scenario-nginx-'));
  await chmod(dir, 0o755);  // Started by root, its worker is somebody else.
  const port = await freePort();
  await mkdir(path.join(dir, 'files'));
  await writeFile(path.join(dir, 'files/large'), Buffer.alloc(2 << 20, 'nginx'));
  await writeFile(path.join(dir, 'files/small'), 'small');
  await writeFile(path.join(dir, 'nginx.conf'), `
daemon off; worker_processes 1; pid ${dir}/pid; error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off; keepalive_requests 3; gzip on; gzip_min_length 1; gzip_proxied any; gzip_types *;
  client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
  server { listen 127.0.0.1:${port}; root ${dir}/files; location /go { return 302 /small; } }
}`);
  const child = new Child('/usr/sbin/nginx', ['-p', dir, '-c', path.join(dir, 'nginx.conf'), '-e', 'stderr']);
  atEnd(async () => {
    await child.stop('SIGTERM');
    await rm(dir, { recursive: true, force: true });
  });
  await RawClient.reaches(port);
  return port;
}

test('files of nginx through the gateway', { timeout: 60_000 }, async () => {
  const gateway = await startGateway(toOrigin(await startNginx()));
  const { port } = gateway;
  const small = await ask(port, get('/small'));
  assert.equal(small.body, 'small');
  assert.equal((await ask(port, get('/large'))).body.length, 2 << 20);
  const range = await ask(port, get('/large', 'Range: bytes=1-5'));
  assert.equal(range.status, 206);
  assert.equal(range.body, 'ginxn');
  const etag = valueOf(small, 'etag');
  assert.equal((await ask(port, get('/small', `If-None-Match: ${etag}`))).status, 304);
  const zipped = await ask(port, get('/large', 'Accept-Encoding: gzip'));
  assert.equal(valueOf(zipped, 'content-encoding'), 'gzip');
  assert.ok(zipped.chunked && zipped.complete);
  assert.equal((await ask(port, get('/go'))).status, 302);
});

test('nginx ends a connection after three requests; no client notices', { timeout: 60_000 }, async () => {
  const gateway = await startGateway(toOrigin(await startNginx()));
  const client = new RawClient(gateway.port);
  for (let i = 0; i < 30; i += 1) {
    client.send(get('/small'));
    assert.equal((await client.response(i)).body, 'small');
  }
  client.destroy();
});
