export type Closing = ReturnType<typeof createClosing>

/** Remembers how to undo each step of a start; `run` undoes them all, newest first, once. */
export const createClosing = (log: (line: string) => void) => {
  const steps: (() => Promise<unknown>)[] = []
  let running: Promise<void> | undefined
  const undo = async () => {
    for (let step = steps.pop(); step; step = steps.pop()) {
      await step().catch((error: Error) => log(`while stopping: ${error.message}`))
    }
  }
  return {
    add: (step: () => Promise<unknown>) => {
      steps.push(step)
    },
    run: () => {
      running ??= undo()
      return running
    },
  }
}

/** Waits for all, even when one fails, so that nothing is left starting; then throws the first failure. */
export const together = async <T extends readonly unknown[] | []>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> => {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}
