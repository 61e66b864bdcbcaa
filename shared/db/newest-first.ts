/** PostgREST parameters of a page over (created_at, id), newest first, after the key of a row. */
export const newestFirst = (
  after: readonly [createdAt: string, id: string] | null,
  count: number,
): Record<string, string> => ({
  order: 'created_at.desc,id.desc',
  limit: String(count),
  ...(after
    ? { or: `(created_at.lt."${after[0]}",and(created_at.eq."${after[0]}",id.lt.${after[1]}))` }
    : {}),
})
