import net from 'node:net';

// Ports below the kernel's range for outgoing connections, so that no connection of a test running
// beside this one takes one between our asking and its use. For the same reason each process of
// tests has a slice of its own, which is its for as long as it listens on the slice's lock.
const first = 11_000;
const slices = 200;
const width = 100;
const locks = first + slices * width;

function listen(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve());
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

async function takeSlice() {
  for (let i = 0; i < slices; i += 1) {
    const slice = (process.pid + i) % slices;
    const lock = await listen(locks + slice);
    if (lock) return lock.unref() && slice;
  }
  throw new Error(`all ports from ${locks} to ${locks + slices - 1} are taken`);
}

let slice;
let next = 0;

export async function freePort() {
  slice ??= takeSlice();
  for (;;) {
    const port = first + (await slice) * width + next;
    next = (next + 1) % width;
    const server = await listen(port);
    if (!server) continue;
    await new Promise((closed) => server.close(closed));
    return port;
  }
}

export async function freePorts(count) {
  const ports = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}
