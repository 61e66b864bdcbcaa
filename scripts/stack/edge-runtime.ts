/**
 * Loaded inside a worker before its function: gives it the platform's `EdgeRuntime.waitUntil` and `beforeunload`. It
 * tells the stack on standard output when background work begins and when none is left, and reads on standard
 * input, a line for each, why the worker is about to be ended.
 */
const SIGN = '\0edge-runtime'

let pending = 0

const change = (by: number) => {
  const before = pending
  pending += by
  if (before === 0) console.log(`${SIGN} busy`)
  else if (pending === 0) console.log(`${SIGN} idle`)
}

const waitUntil = <T>(work: Promise<T>): Promise<T> => {
  change(1)
  work.then(
    () => change(-1),
    () => change(-1),
  )
  return work
}

Object.assign(globalThis, { EdgeRuntime: { waitUntil } })

const announceEnds = async () => {
  const decoder = new TextDecoder()
  for await (const bytes of Deno.stdin.readable) {
    for (const reason of decoder.decode(bytes, { stream: true }).split('\n').filter(Boolean)) {
      dispatchEvent(new CustomEvent('beforeunload', { detail: { reason } }))
    }
  }
}
void announceEnds()
