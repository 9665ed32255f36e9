// Runs the scenarios: `node run.mjs [--concurrency N] [part of a path]…`. PENSTOCK_BINARY names the
// binary, PENSTOCK_IO the loop (`io_uring`, `epoll`).
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Gateway, binary } from './harness/gateway.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({ allowPositionals: true, options: { concurrency: { type: 'string', default: '2' } } });

function* testsIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* testsIn(full);
    else if (entry.name.endsWith('.test.mjs')) yield full;
  }
}

if (!Gateway.exists()) {
  console.error(`There is no ${binary}: build it (./dev build) or name it in PENSTOCK_BINARY.`);
  process.exit(1);
}
const files = [...testsIn(here)].filter((file) => !positionals.length || positionals.some((part) => file.includes(part)));
const child = spawn(process.execPath, ['--test', `--test-concurrency=${values.concurrency}`, ...files.sort()], { stdio: 'inherit' });
child.on('close', (code) => process.exit(code ?? 1));
