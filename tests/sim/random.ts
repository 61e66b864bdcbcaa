/** Chance that comes from a seed. Each part of the world draws from its own, so that one does not shift another. */
export type Random = {
  /** In [0, 1). */
  next(): number
  chance(probability: number): boolean
  /** In [from, to). */
  between(from: number, to: number): number
  /** A whole number in [from, to]. */
  whole(from: number, to: number): number
  pick<T>(items: readonly T[]): T
  /** One of the keys, as often as its weight says; weights of 0 never. */
  weighted<K extends string>(weights: Record<K, number>): K
  shuffled<T>(items: readonly T[]): T[]
  fork(label: string): Random
}

const mixed = (text: string): number => {
  let hash = 0x811c9dc5
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
    hash ^= hash >>> 13
  }
  return hash >>> 0
}

/** Mulberry32: small, fast, and the same on every machine. */
const generator = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}

const createFrom = (name: string): Random => {
  const next = generator(mixed(name))
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  const weighted = <K extends string>(weights: Record<K, number>): K => {
    const entries = Object.entries(weights) as [K, number][]
    let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) {
      left -= weight
      if (left < 0) return key
    }
    return entries[0]?.[0] as K
  }
  return {
    next,
    whole,
    weighted,
    chance: (probability) => next() < probability,
    between: (from, to) => from + next() * (to - from),
    pick: (items) => items[Math.floor(next() * items.length)] as (typeof items)[number],
    shuffled: (items) => {
      const left = [...items]
      for (let index = left.length - 1; index > 0; index -= 1) {
        const other = whole(0, index)
        const kept = left[index] as (typeof left)[number]
        left[index] = left[other] as (typeof left)[number]
        left[other] = kept
      }
      return left
    },
    fork: (label) => createFrom(`${name}/${label}`),
  }
}

export const createRandom = (seed: number): Random => createFrom(`seed ${seed}`)
