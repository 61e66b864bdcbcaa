-- Stand-in for supabase_vault 0.3: the same functions, table and view. Secrets are encrypted at rest
-- with a key of this cluster, kept where only superusers look.

create table if not exists platform.vault_key (
  is_only boolean primary key default true check (is_only),
  key text not null default encode(extensions.gen_random_bytes(32), 'hex')
);
insert into platform.vault_key default values on conflict do nothing;

create schema if not exists vault;

create table if not exists vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index if not exists secrets_name_key on vault.secrets (name) where name is not null;

create or replace function vault._encrypt(p_secret text)
returns text
language sql
security definer
set search_path = ''
as $$
  select encode(
    extensions.pgp_sym_encrypt(p_secret, key, 'cipher-algo=aes256, s2k-mode=1'), 'base64'
  )
  from platform.vault_key;
$$;

create or replace function vault._decrypt(p_secret text)
returns text
language sql
security definer
set search_path = ''
as $$
  select extensions.pgp_sym_decrypt(decode(p_secret, 'base64'), key) from platform.vault_key;
$$;

create or replace function vault.create_secret(
  new_secret text, new_name text default null, new_description text default '',
  new_key_id uuid default null
)
returns uuid
language sql
security definer
set search_path = ''
as $$
  insert into vault.secrets (secret, name, description)
  values (vault._encrypt(new_secret), new_name, new_description)
  returning id;
$$;

create or replace function vault.update_secret(
  secret_id uuid, new_secret text default null, new_name text default null,
  new_description text default null, new_key_id uuid default null
)
returns void
language sql
security definer
set search_path = ''
as $$
  update vault.secrets
  set
    secret = coalesce(vault._encrypt(new_secret), secret),
    name = coalesce(new_name, name),
    description = coalesce(new_description, description),
    updated_at = now()
  where id = secret_id;
$$;

create or replace view vault.decrypted_secrets as
select
  id, name, description, secret, vault._decrypt(secret) as decrypted_secret, key_id, nonce,
  created_at, updated_at
from vault.secrets;

revoke all on all functions in schema vault from public;
grant usage on schema vault to postgres, service_role;
grant select, delete on vault.secrets, vault.decrypted_secrets to postgres, service_role;
grant execute on function
  vault._decrypt(text), vault.create_secret(text, text, text, uuid),
  vault.update_secret(uuid, text, text, text, uuid)
to postgres, service_role;
