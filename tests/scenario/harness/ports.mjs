import net from 'node:net';

// Ports below the kernel's range for outgoing connections, so that no connection of a test running
// beside this one takes one between our asking and its use.
const first = 11_000;
const last = 31_000;

function tryPort(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

export async function freePort() {
  for (;;) {
    const port = first + Math.floor(Math.random() * (last - first));
    if (await tryPort(port)) return port;
  }
}

export async function freePorts(count) {
  const ports = new Set();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
