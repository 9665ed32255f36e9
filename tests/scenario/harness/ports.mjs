import { readdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// Ports below the kernel's range for outgoing connections, so that no connection of a test running
// beside this one takes one between our asking and its use. For the same reason each file of tests
// has a slice of its own, for each loop that it may run on.
const first = 11_000;
const slices = 200;
const width = 100;

const root = path.resolve(fileURLToPath(import.meta.url), '../..');

function* testsIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') yield* testsIn(full);
    else if (entry.name.endsWith('.test.mjs')) yield full;
  }
}

function ownSlice() {
  const files = [...testsIn(root)].sort();
  const file = Math.max(files.indexOf(process.argv[1]), 0);
  return (file + (process.env.PENSTOCK_IO === 'epoll' ? files.length : 0)) % slices;
}

const slice = ownSlice();
let next = 0;

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

export async function freePort() {
  for (;;) {
    const port = first + slice * width + next;
    next = (next + 1) % width;
    if (await isFree(port)) return port;
  }
}

export async function freePorts(count) {
  const ports = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}
