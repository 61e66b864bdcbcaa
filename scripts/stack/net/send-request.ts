export type NetRequest = {
  id: string
  method: string
  url: string
  headers: Record<string, string> | null
  body: Buffer | null
  timeout_milliseconds: number
}

export type NetResponse = {
  id: string
  status_code: number | null
  content_type: string | null
  headers: Record<string, string> | null
  content: string | null
  timed_out: boolean
  error_msg: string | null
}

const nothing = { status_code: null, content_type: null, headers: null, content: null }

/** Sends one queued request, once. Never rejects: what went wrong is in the row, as with pg_net. */
export async function sendRequest(request: NetRequest): Promise<NetResponse> {
  const { id } = request
  const started = performance.now()
  const signal = AbortSignal.timeout(request.timeout_milliseconds)
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { 'user-agent': 'pg_net/0.20.0', ...request.headers },
      body: request.body ? new Uint8Array(request.body) : null,
      signal,
    })
    return {
      id,
      status_code: response.status,
      content_type: response.headers.get('content-type'),
      headers: Object.fromEntries(response.headers),
      // A text column holds no NUL.
      content: (await response.text()).replaceAll('\0', ''),
      timed_out: false,
      error_msg: null,
    }
  } catch (error) {
    const elapsed = (performance.now() - started).toFixed(0)
    const timedOut = signal.aborted
    const reason = timedOut
      ? `Timeout of ${request.timeout_milliseconds} ms reached. Total time: ${elapsed} ms`
      : describe(error)
    return { id, ...nothing, timed_out: timedOut, error_msg: reason }
  }
}

function describe(error: unknown): string {
  const { cause, message } = error as Error
  return cause instanceof Error && cause.message ? cause.message : message
}
