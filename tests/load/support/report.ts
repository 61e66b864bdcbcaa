export type Report = {
  bench: string
  /** Names carry their unit; a figure that could not be taken is null. */
  metrics: Record<string, number | null>
  checks: Record<string, boolean>
}

const rounded = (value: number | null) =>
  value === null ? null : Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))

/** Ends a bench: one line of JSON on stdout, and exit code 1 when a check is false. */
export const report = ({ bench, metrics, checks }: Report): void => {
  const shown = Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [name, rounded(value)]),
  )
  console.log(JSON.stringify({ bench, metrics: shown, checks }))
  if (Object.values(checks).includes(false)) process.exitCode = 1
}

/** Progress, on stderr: stdout is for the result. */
export const say = (line: string): void => console.error(line)
