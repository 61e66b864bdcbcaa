/**
 * Code under test runs between two events of the scheduler: until every promise that can settle has
 * settled. WebCrypto works on threads, in whatever order they end; here its answers come in the order of
 * the questions, and the scheduler waits for them, so that a seed always plays the same.
 */
let last: Promise<unknown> = Promise.resolve()
let pending = 0

type Method = (...args: unknown[]) => Promise<unknown>

const inOrder = (method: Method): Method =>
  function ordered(this: unknown, ...args) {
    pending += 1
    const before = last
    const answer = method.apply(this, args)
    answer.catch(() => {})
    const ordered = before.then(() => answer)
    last = ordered.then(
      () => {
        pending -= 1
      },
      () => {
        pending -= 1
      },
    )
    return ordered
  }

let isWatching = false

/** Call once, before any code under test runs. */
export const watchCrypto = (): void => {
  if (isWatching) return
  isWatching = true
  const subtle = Object.getPrototypeOf(crypto.subtle) as Record<string, Method>
  for (const name of ['encrypt', 'decrypt', 'importKey', 'digest', 'sign', 'verify']) {
    const method = subtle[name]
    if (method) subtle[name] = inOrder(method)
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Resolves when nothing can go on by itself any more. */
export const quiesce = async (): Promise<void> => {
  await turn()
  while (pending > 0) {
    await last
    await turn()
  }
}
