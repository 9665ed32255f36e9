import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from '../harness/eventually.mjs';
import { Gateway, toOrigin } from '../harness/gateway.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { status } from '../harness/reload.mjs';
import { atEnd, rawOrigin } from '../harness/scene.mjs';
import { answer } from '../harness/raw_origin.mjs';

// Runs a command under a seccomp filter as containers have one: io_uring_setup (425) is EPERM. The
// filter: load the number; is it that one?; EPERM; allow. prctl is 157 on x86-64.
const forbidden = ['perl', '-e', `
  my $filter = pack('SCCL' x 4, 0x20, 0, 0, 0,  0x15, 0, 1, 425,  0x06, 0, 0, 0x50001,  0x06, 0, 0, 0x7fff0000);
  my $program = pack('S x6 P', 4, $filter);
  syscall(157, 38, 1, 0, 0, 0) == 0 && syscall(157, 22, 2, $program, 0, 0) == 0 or die "no filter: $!";
  exec @ARGV or die $!;
`];
const options = { timeout: 60_000, skip: process.arch !== 'x64' && 'the filter is written for x86-64' };

async function prepare(io) {
  const origin = await rawOrigin({ respond: (_, connection) => connection.send(answer('200 OK', 'ok')) });
  const gateway = await Gateway.prepare({ ...toOrigin(origin.port), runtime: { io } });
  atEnd(() => gateway.remove());
  return gateway.spawn({ through: forbidden });
}

test('where io_uring is forbidden, auto serves by epoll and says why', options, async () => {
  const gateway = await prepare('auto');
  await gateway.ready();
  assert.equal((await ask(gateway.port, get('/'))).body, 'ok');
  assert.equal((await status(gateway)).io, 'epoll');
  assert.match(gateway.child.err, /io_uring is not to be had here, epoll serves.*Operation not permitted/);
  assert.equal((await gateway.child.stop()).code, 0);
});

test('where io_uring is forbidden, who insists on it is told so', options, async () => {
  const gateway = await prepare('io_uring');
  assert.equal((await within(gateway.child.exited, 'its end')).code, 1);
  assert.match(gateway.child.err, /runtime\.io: found io_uring, which is not to be had here \(Operation not permitted\), expected auto or epoll/);
});
