import { setTimeout as delay } from 'node:timers/promises';

// Asks `probe` again until it neither throws nor returns false or undefined, and gives its answer.
// The bound only ends a hang: nobody reasons about how long the wait was.
export async function eventually(probe, what = 'condition', bound = 20_000) {
  const deadline = Date.now() + bound;
  let last;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`, { cause: last });
    await delay(5);
  }
}

// The promise's answer, or an error naming what hung.
export async function within(promise, what, bound = 20_000) {
  const stop = new AbortController();
  const timeout = delay(bound, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`hung: ${what}`);
  });
  timeout.catch(() => {});
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    stop.abort();
  }
}
