/** The 1-based line of a 1-based character position in a text. */
export const lineAt = (text: string, position: number) =>
  text.slice(0, Math.max(0, position - 1)).split('\n').length
