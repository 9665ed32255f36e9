import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.mjs';
import { keepConfig } from './corpus.mjs';
import { eventually } from './eventually.mjs';
import { freePorts } from './ports.mjs';
import { ask, get } from './raw_client.mjs';

// Node takes its sockets apart at its exit, and can spin there for ever when a peer resets one
// meanwhile. All has been said by then.
process.on('exit', () => process.exit());

const root = path.resolve(fileURLToPath(import.meta.url), '../../../..');
export const binary = process.env.PENSTOCK_BINARY ?? path.join(root, 'build/release/penstock');

export const report = /ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:/;

// The route and service that most scenarios need: everything to one origin, for everybody.
export const toOrigin = (port, service = {}, route = {}) => ({
  services: [{ serviceName: 'origin', instances: [{ host: '127.0.0.1', port }], ...service }],
  routes: [{ routeId: 'all', path: '/*', upstreamService: 'origin', authRequired: false, ...route }],
});

// A running Penstock with a configuration and folder of its own.
export class Gateway {
  static exists() {
    return existsSync(binary);
  }

  // `config`: any sections. Filled in where absent: one listener on 127.0.0.1 with `limits`,
  // `trustedProxies` and `tls` of the options, admin and health addresses, a state folder, two workers.
  static async prepare(config, { limits, trustedProxies, tls } = {}) {
    const gateway = new Gateway();
    gateway.dir = await mkdtemp(path.join(tmpdir(), 'scenario-penstock-'));
    [gateway.port, gateway.adminPort, gateway.healthPort] = await freePorts(3);
    const io = process.env.PENSTOCK_IO;
    gateway.config = {
      listeners: [{ name: 'public', address: `127.0.0.1:${gateway.port}`, ...(limits && { limits }), ...(trustedProxies && { trustedProxies }), ...(tls && { tls }) }],
      admin: { address: `127.0.0.1:${gateway.adminPort}` },
      health: { address: `127.0.0.1:${gateway.healthPort}` },
      stateDir: path.join(gateway.dir, 'state'),
      ...config,
      runtime: { workers: 2, pinWorkers: false, drainDelay: '0s', drainTimeout: '10s', ...(io && { io }), ...config.runtime },
    };
    gateway.file = path.join(gateway.dir, 'penstock.json');
    const text = JSON.stringify(gateway.config, null, 1);
    keepConfig(text);
    await writeFile(gateway.file, text);
    return gateway;
  }

  static async start(config, options = {}) {
    const gateway = await Gateway.prepare(config, options);
    gateway.spawn(options);
    await gateway.ready();
    return gateway;
  }

  // `openFiles`: RLIMIT_NOFILE of the process. `through`: a command that runs another. `args`: more of them.
  spawn({ openFiles, through = [], env = {}, args: more = [] } = {}) {
    const limit = openFiles ? ['prlimit', `--nofile=${openFiles}:${openFiles}`] : [];
    const [command, ...args] = [...limit, ...through, this.program ?? binary, 'run', '--config', this.file, ...more];
    this.child = new Child(command, args, { cwd: this.dir, env: { ...process.env, ...env } });
    return this;
  }

  async ready() {
    await eventually(async () => {
      if (this.child.how) throw new Error(`penstock ended: ${JSON.stringify(this.child.how)}\n${this.child.err}`);
      const { status } = await ask(this.healthPort, get('/readyz'), { bound: 2000 });
      return status === 200;
    }, `readiness of ${this.file}\n${this.child.err}`).catch((error) => {
      error.message += `\n${this.child.err}`;
      this.child.signal('SIGKILL');
      throw error;
    });
  }

  // Lines of the access log so far, parsed; what else is on stdout fails the parse.
  get log() {
    return this.child.out.split('\n').slice(0, -1).map((line) => JSON.parse(line));
  }

  // The access log line for which `wanted` holds, once it is there.
  logged(wanted, what = 'a line of the access log') {
    return eventually(() => this.log.find(wanted), what);
  }

  async metrics(port = this.adminPort, path_ = '/metrics') {
    const { status, body } = await ask(port, get(path_));
    if (status !== 200) throw new Error(`metrics answered ${status}`);
    return body;
  }

  // The sum of all samples of a family whose labels match `labels`.
  async metric(name, labels = {}) {
    let sum = 0;
    for (const line of (await this.metrics()).split('\n')) {
      const sample = /^([\w:]+)(?:\{(.*)\})? (\S+)/.exec(line);
      if (!sample || sample[1] !== name) continue;
      const has = Object.fromEntries([...(sample[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((m) => [m[1], m[2]]));
      if (Object.entries(labels).every(([key, value]) => has[key] === value)) sum += Number(sample[3]);
    }
    return sum;
  }

  // Resident memory in bytes, and the address space taken up.
  memory() {
    return this.#ofKernel('VmRSS');
  }

  addressSpace() {
    return this.#ofKernel('VmSize');
  }

  async #ofKernel(what) {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(status)[1]) * 1024;
  }

  // Asks it to end, and holds it to its word: exit code 0, and no sanitizer had anything to say.
  async stop() {
    const how = await this.child.stop('SIGTERM');
    await this.remove();
    if (report.test(this.child.err)) throw new Error(`sanitizer report:\n${this.child.err}`);
    if (how.code !== 0) throw new Error(`penstock ended with ${JSON.stringify(how)}:\n${this.child.err}`);
    return how;
  }

  remove() {
    return rm(this.dir, { recursive: true, force: true });
  }
}

// Whether the binary runs under a sanitizer, which makes memory no measure.
export const isSanitized = () => /asan|tsan|sanit/.test(binary) || process.env.PENSTOCK_SANITIZED === '1';
