/** The value that a share `q` (0 to 1) of the values does not exceed; null of none. */
export const quantile = (values: number[], q: number): number | null => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null
}

/** The middle value, or the mean of the two in the middle; null of none. */
export const median = (values: number[]): number | null => {
  const sorted = values.toSorted((a, b) => a - b)
  const high = sorted[sorted.length >> 1]
  const low = sorted[(sorted.length - 1) >> 1]
  return high === undefined || low === undefined ? null : (low + high) / 2
}
