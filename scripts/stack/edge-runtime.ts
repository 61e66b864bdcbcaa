/**
 * Loaded inside a worker before its function: gives it the platform's `EdgeRuntime.waitUntil`, and tells the stack
 * on standard output when background work begins and when none is left.
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
