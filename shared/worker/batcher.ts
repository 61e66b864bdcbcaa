type Waiting<In, Out> = {
  item: In
  resolve: (value: Out | Promise<Out>) => void
  reject: (reason: unknown) => void
}

type Options<In, Out> = {
  /** Handles many items in one call; answers in their order, each now or later. */
  run: (items: In[]) => Promise<(Out | Promise<Out>)[]>
  /** How long the first item of a batch waits for company, milliseconds. */
  lingerMs: number
  maxItems: number
  /** Batches under way at once. */
  maxRunning: number
  /**
   * How long items gather while a batch is under way, so that a busy server gets fewer and larger
   * ones, before another is started beside it. Milliseconds; 0 starts it at once.
   */
  patienceMs?: number
  sleep: (ms: number) => Promise<void>
}

/**
 * Turns single calls into batches: each call resolves with its own answer once its batch is done,
 * and rejects with the batch's error.
 */
export const createBatcher = <In, Out>(options: Options<In, Out>) => {
  const waiting: Waiting<In, Out>[] = []
  let running = 0
  let lingers = false

  const start = async () => {
    if (waiting.length === 0 || running >= options.maxRunning) return
    running += 1
    await runBatch(options.run, waiting.splice(0, options.maxItems))
    running -= 1
    void start()
  }
  const linger = async () => {
    lingers = true
    await options.sleep(options.lingerMs)
    if (running > 0 && options.patienceMs) await options.sleep(options.patienceMs)
    lingers = false
    await start()
  }

  return (item: In): Promise<Out> =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (waiting.length >= options.maxItems) void start()
      else if (!lingers) void linger()
    })
}

const runBatch = async <In, Out>(
  run: Options<In, Out>['run'],
  batch: Waiting<In, Out>[],
): Promise<void> => {
  try {
    const answers = await run(batch.map(({ item }) => item))
    batch.forEach(({ resolve, reject }, index) => {
      if (index in answers) resolve(answers[index] as Out | Promise<Out>)
      else reject(new Error('The batch answered fewer items than it was given'))
    })
  } catch (error) {
    for (const { reject } of batch) reject(error)
  }
}
