type Kind = 'A' | 'AAAA'

type Globals = {
  Deno?: {
    resolveDns(host: string, kind: Kind, options: { signal?: AbortSignal }): Promise<string[]>
  }
}

/**
 * Every address of a host. Only a definite "no such record" counts as none: a look-up that fails
 * for another reason rejects, since `fetch` might find what we did not see.
 */
export const resolveDns = async (host: string, signal?: AbortSignal): Promise<string[]> => {
  const { Deno: deno } = globalThis as Globals
  if (!deno) throw new Error('This runtime cannot resolve names')
  const lookUp = (kind: Kind) =>
    deno.resolveDns(host, kind, signal ? { signal } : {}).catch((error: unknown) => {
      if (error instanceof Error && error.name === 'NotFound') return []
      throw error
    })
  return (await Promise.all([lookUp('A'), lookUp('AAAA')])).flat()
}
