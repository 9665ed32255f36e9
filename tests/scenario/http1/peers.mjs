// nginx and HAProxy as gateways in front of the cases' origin: each configured as its manual
// proposes for a gateway, with what its operator can add to behave as RFC 9110 asks (`Via`,
// keep-alive to the origin, streaming, upgrades only to websocket).
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Child } from '../harness/child.mjs';
import { freePort } from '../harness/ports.mjs';
import { RawClient } from '../harness/raw_client.mjs';

const nginxConfig = (port, origin, dir) => `
daemon off;
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log warn;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
  map $http_upgrade $wanted { default ""; ~*^websocket$ websocket; }
  map $wanted $wanted_connection { default ""; websocket upgrade; }
  map $http_via $via { "" "$server_via"; default "$http_via, $server_via"; }
  map $server_protocol $server_via { default "1.1 nginx"; HTTP/1.0 "1.0 nginx"; }
  upstream origin { server 127.0.0.1:${origin} max_fails=0; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $wanted;
      proxy_set_header Connection $wanted_connection;
      proxy_set_header Via $via;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`;

const haproxyConfig = (port, origin) => `
global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
  timeout http-request 10s
  retries 0
  option forwardfor
  http-reuse safe
frontend cases
  bind 127.0.0.1:${port}
  http-request add-header Via "%[req.ver] haproxy"
  http-request del-header Upgrade unless { req.hdr(Upgrade) -i websocket }
  default_backend origin
backend origin
  server origin 127.0.0.1:${origin}
`;

async function start(command, args, config, name, port) {
  const dir = await mkdtemp(path.join(tmpdir(), `scenario-${name}-`));
  const file = path.join(dir, `${name}.conf`);
  await writeFile(file, config(dir));
  const child = new Child(command, args(file, dir));
  await RawClient.reaches(port);
  return {
    name, port, child,
    stop: async () => {
      await child.stop('SIGTERM');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function startNginx(originPort) {
  const port = await freePort();
  return start('/usr/sbin/nginx', (file, dir) => ['-p', dir, '-c', file, '-e', 'stderr'], (dir) => nginxConfig(port, originPort, dir), 'nginx', port);
}

export async function startHaproxy(originPort) {
  const port = await freePort();
  return start('/usr/sbin/haproxy', (file) => ['-f', file, '-db'], () => haproxyConfig(port, originPort), 'haproxy', port);
}
