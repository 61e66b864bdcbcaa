set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.list_money_problems(public.accounts, jsonb, uuid, timestamptz, timestamptz);
drop function private.foresee_holds(public.accounts, jsonb, uuid, date);
drop function public.set_budget(uuid, bigint, int);
drop function public.get_budget(uuid);
drop function private.set_budget(uuid, bigint, int, timestamptz);
drop function private.get_budget(uuid);
drop function private.budget_document(uuid, timestamptz);
drop trigger accounts_after_insert_obey_budget on public.accounts;
drop function private.tg_accounts__obey_budget();
drop function private.watch_budgets(timestamptz);
drop function private.judge_budget(uuid, timestamptz);
