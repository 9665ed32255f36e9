import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folder, penstock } from './penstock.mjs';

const root = path.resolve(fileURLToPath(import.meta.url), '../../../..');
const pages = ['README.md', ...readdirSync(path.join(root, 'docs'), { recursive: true }).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

// A page shows a part: what the part lacks, or names and does not hold, is no mistake.
const lacks = /found no such key|found none of|found nothing|expected the serviceName of|it cannot be read/;

for (const page of pages) {
  const blocks = [...readFileSync(path.join(root, page), 'utf8').matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block]) => block);
  const ours = blocks.filter((block) => !block.startsWith('scrape_configs:'));
  if (ours.length) test(`what ${page} shows has keys and values that there are`, { timeout: 60_000 }, async () => {
    for (const block of ours) {
      const { lines } = await penstock(await folder({ 'shown.yaml': block }), ['check', 'shown.yaml']);
      const mistakes = lines.slice(0, -1).filter((line) => !line.startsWith('warning: ') && !lacks.test(line));
      assert.deepEqual(mistakes, [], block);
    }
  });
}

test('the examples are good configurations', { timeout: 60_000 }, async () => {
  for (const name of readdirSync(path.join(root, 'examples'))) {
    const text = readFileSync(path.join(root, 'examples', name), 'utf8');
    const { code, lines } = await penstock(await folder({ [name]: text }), ['check', name]);
    assert.equal(code, 0, lines.join('\n'));
  }
});
