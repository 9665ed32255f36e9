import { spawn } from 'node:child_process';
import { once } from 'node:events';

// What Prometheus' own checker thinks of an exposition: { code: 0, said: '' } if nothing is wrong.
export async function promtool(text) {
  const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (bytes) => { said += bytes; });
  child.stderr.on('data', (bytes) => { said += bytes; });
  child.stdin.end(text);
  const [code] = await once(child, 'close');
  return { code, said };
}
