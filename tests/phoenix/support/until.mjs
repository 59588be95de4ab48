import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";

/** How long anything may take that takes milliseconds, in ms. */
export const PATIENCE = 10_000;

/**
 * Waits until `look` gives something true, and returns it. A `look` that throws is not there yet.
 * Fails with what it gave last.
 */
export async function until(what, look) {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    let last;
    try {
      last = await look();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`not in ${PATIENCE} ms: ${what}; last was ${inspect(last)}`);
    }
    await delay(5);
  }
}

/** Waits for `promise`, as long as anything may take. */
export async function soon(what, promise) {
  const patience = new AbortController();
  const late = delay(PATIENCE, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`not in ${PATIENCE} ms: ${what}`);
  });
  // Whoever comes second is not waited for any more.
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    patience.abort();
  }
}
