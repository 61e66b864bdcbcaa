/**
 * SQL that takes a guard out of a function for one seed. Fails loudly when the text it takes out is not
 * there: a guard that moved has to be found again.
 */
export const withoutText = (fn: string, guard: string, instead = ''): string => {
  const quoted = (text: string) => `$guard$${text}$guard$`
  return `do $patch$
    declare
      v_function oid := (
        select oid from pg_proc
        where pronamespace = '${fn.split('.')[0]}'::regnamespace and proname = '${fn.split('.')[1]}'
        order by pronargs desc limit 1
      );
      v_definition text := pg_get_functiondef(v_function);
    begin
      if position(${quoted(guard)} in v_definition) = 0 then
        raise exception 'The guard is not in ${fn} any more: %', ${quoted(guard)};
      end if;
      execute replace(v_definition, ${quoted(guard)}, ${quoted(instead)});
    end
  $patch$`
}
