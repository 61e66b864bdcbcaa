type Waiting<In, Out> = {
  item: In
  resolve: (value: Out) => void
  reject: (reason: unknown) => void
}

type Options<In, Out> = {
  /** Handles many items in one call; answers in their order. */
  run: (items: In[]) => Promise<Out[]>
  /** How long the first item of a batch waits for company, milliseconds. */
  lingerMs: number
  maxItems: number
  sleep: (ms: number) => Promise<void>
}

/**
 * Turns single calls into batches: each call resolves with its own answer once its batch is done,
 * and rejects with the batch's error. Batches may overlap.
 */
export const createBatcher = <In, Out>({ run, lingerMs, maxItems, sleep }: Options<In, Out>) => {
  let waiting: Waiting<In, Out>[] = []

  const flush = async () => {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    try {
      const answers = await run(batch.map(({ item }) => item))
      batch.forEach(({ resolve, reject }, index) => {
        if (index in answers) resolve(answers[index] as Out)
        else reject(new Error('The batch answered fewer items than it was given'))
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return (item: In): Promise<Out> =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (waiting.length >= maxItems) void flush()
      else if (waiting.length === 1) void sleep(lingerMs).then(flush)
    })
}
