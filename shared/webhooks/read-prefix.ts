/** How much of an answer is kept, bytes. */
const LIMIT = 1_024

/**
 * The first kilobyte of an answer as harmless text: control characters become spaces, broken UTF-8
 * is replaced. Reads no further, and gives what there is when the connection breaks.
 */
export const readPrefix = async (response: Response): Promise<string> => {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  try {
    while (bytes < LIMIT) {
      const { done, value } = await reader.read()
      if (done) break
      bytes += value.length
      text += decoder.decode(value.subarray(0, LIMIT), { stream: true })
    }
  } catch {
    // The status has arrived, and that is what counts.
  }
  void reader.cancel().catch(() => {})
  return cut(text.replace(/\p{Cc}/gu, ' '))
}

const cut = (text: string): string => {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(LIMIT))
  return text.slice(0, read)
}
