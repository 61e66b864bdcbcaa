/**
 * Runs `work` once at a time. A call while it runs makes it run once more afterwards, so that
 * nothing which came meanwhile is overlooked; further calls join that.
 */
export const oneAtATime = (work: () => Promise<unknown>) => {
  let running: Promise<void> | null = null
  let again = false

  const run = async () => {
    do {
      again = false
      await work()
    } while (again)
  }

  return (): Promise<void> => {
    if (running) again = true
    running ??= run().finally(() => {
      running = null
    })
    return running
  }
}
