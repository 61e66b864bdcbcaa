/** Text `index` of a batch; seed-posts.ts writes the same in SQL. */
export const textOf = (batch: string, index: number): string =>
  `${batch} post ${index} of many that are due at the same instant of the same morning`
