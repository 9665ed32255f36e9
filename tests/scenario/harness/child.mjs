import { spawn } from 'node:child_process';
import { within } from './eventually.mjs';

// Processes still running; none outlives this one.
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

// A child process whose output is kept, line by line.
export class Child {
  constructor(command, args, options = {}) {
    this.out = '';
    this.err = '';
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running.add(this.process);
    this.process.stdout.on('data', (bytes) => { this.out += bytes; });
    this.process.stderr.on('data', (bytes) => { this.err += bytes; });
    this.exited = new Promise((resolve) => {
      this.process.once('error', (error) => { this.err += error; resolve({ error }); });
      this.process.once('close', (code, signal) => {
        running.delete(this.process);
        resolve({ code, signal });
      });
    });
    this.exited.then((how) => { this.how = how; });
  }

  get pid() {
    return this.process.pid;
  }

  signal(name) {
    this.process.kill(name);
  }

  // Sends the signal and waits for the end; kills what does not end.
  async stop(signal = 'SIGTERM', bound = 30_000) {
    if (this.how) return this.how;
    this.signal(signal);
    try {
      return await within(this.exited, `end of ${this.process.spawnfile}`, bound);
    } catch (error) {
      this.signal('SIGKILL');
      await this.exited;
      throw error;
    }
  }
}
