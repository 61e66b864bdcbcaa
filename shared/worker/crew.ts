export type Crew = ReturnType<typeof createCrew>

/** Work that is under way, counted. */
export const createCrew = () => {
  const working = new Set<Promise<void>>()
  let watch: { count: number; resolve: () => void } | undefined

  const leave = (work: Promise<void>) => {
    working.delete(work)
    if (!watch || working.size >= watch.count) return
    watch.resolve()
    watch = undefined
  }

  return {
    size: () => working.size,
    /** Takes work that never rejects. */
    add: (work: Promise<void>): void => {
      working.add(work)
      void work.then(() => leave(work))
    },
    /** Resolves once fewer than `count` are at work. A later call takes the place of an earlier one. */
    below: (count: number): Promise<void> =>
      new Promise((resolve) => {
        if (working.size < count) resolve()
        else watch = { count, resolve }
      }),
  }
}
