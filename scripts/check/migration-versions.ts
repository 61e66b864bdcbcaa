/** Versions that several migrations claim. The history has one row for each, so a database takes none or one of them. */
export function findSharedVersions(files: string[]): string[] {
  const byVersion = Map.groupBy(files, (file) => /(\d+)_[^/]*$/.exec(file)?.[1])
  return [...byVersion].flatMap(([version, names]) =>
    version !== undefined && names.length > 1
      ? [`version ${version} is claimed by ${names.join(' and ')}`]
      : [],
  )
}
