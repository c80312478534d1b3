/**
 * PostgreSQL's own load generator on the same writes: what a session costs without HTTP, JWTs and JSON.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { PUBLIC_TENANT_ID } from '../apps/api/src/id.ts'
import { withClient } from './bulk.ts'
import { PROVIDER_ID } from './seed.ts'

const run = promisify(execFile)

/** An installed pgbench: on the path, or where Debian's packages put it. */
export async function findPgbench(): Promise<string | undefined> {
  const folders = ['/usr/lib/postgresql', '/usr/local/pgsql']
  const candidates = ['pgbench']
  for (const folder of folders) {
    try {
      for (const version of readdirSync(folder)) candidates.push(path.join(folder, version, 'bin/pgbench'))
    } catch {
      // Not installed there.
    }
  }
  for (const candidate of candidates) {
    const found = await run(candidate, ['--version']).then(
      () => true,
      () => false,
    )
    if (found) return candidate
  }
  return undefined
}

/**
 * The same rows, written by one function call per transaction. `bench_complete` updates the provider's and the
 * platform's balance in place, as a ledger does that keeps a row per account.
 */
export function createBenchFunctions(url: string): Promise<void> {
  return withClient(url, async (client) => {
    await client.query(`
      create table bench_accounts (id text primary key, balance bigint not null);
      insert into bench_accounts values ('provider', 0), ('platform', 0);
      create sequence bench_ids start 500000000;
      create table bench_open (n bigint primary key, wallet_id text not null, session_id text not null);

      create function bench_open_session(p_user int) returns void language plpgsql as $$
      declare
        n bigint := nextval('bench_ids');
        session_id text := 'ses_' || lpad(n::text, 26, '0');
        user_id text := 'usr_' || lpad(p_user::text, 26, '0');
      begin
        update wallets set held = held + 40
        where tenant_id = '${PUBLIC_TENANT_ID}' and id = user_id and debt = 0 and posted - held >= 40;
        insert into holds (tenant_id, id, wallet_id, reference, amount, created_at)
        values ('${PUBLIC_TENANT_ID}', 'hld_' || lpad(n::text, 26, '0'), user_id, session_id, 40, now());
        insert into sessions (tenant_id, id, user_id, provider_id, user_ref, status, duration_ms, tokens_per_minute,
          fee_basis_points, tokens_held, launch_jti, launch_expires_at, created_at, sweep_at)
        values ('${PUBLIC_TENANT_ID}', session_id, user_id, '${PROVIDER_ID}', 'ref_bench', 'pending', 600000, 4, 2000, 40,
          md5(n::text), now(), now(), now() + interval '7 minutes');
      end $$;

      create function bench_complete_session(p_n bigint) returns void language plpgsql as $$
      declare
        session_id text := 'ses_' || lpad(p_n::text, 26, '0');
        wallet text;
        left_posted bigint;
        left_sequence bigint;
      begin
        update sessions set status = 'ended', end_reason = 'completed', ended_at = now(), used_ms = 60000, tokens_charged = 4
        where tenant_id = '${PUBLIC_TENANT_ID}' and id = session_id and status <> 'ended' returning user_id into wallet;
        if wallet is null then return; end if;
        update wallets set held = held - 1920, posted = posted - 4, sequence = sequence + 1
        where tenant_id = '${PUBLIC_TENANT_ID}' and id = wallet returning posted, sequence into left_posted, left_sequence;
        update holds set captured = 4, released = 1916, resolution = 'captured', resolved_at = now()
        where tenant_id = '${PUBLIC_TENANT_ID}' and reference = session_id;
        insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence,
          debit_balance_after, session_id, description, created_at)
        values ('${PUBLIC_TENANT_ID}', 'trf_c' || p_n, 'charge', wallet, '${PROVIDER_ID}', 4, left_sequence, left_posted,
          session_id, 'bench', now());
        insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, session_id, description, created_at)
        values ('${PUBLIC_TENANT_ID}', 'trf_f' || p_n, 'fee', '${PROVIDER_ID}', 'platform_fee', 1, session_id, 'bench', now());
        insert into events (tenant_id, id, type, provider_id, session_id, sequence, snapshot, created_at)
        values ('${PUBLIC_TENANT_ID}', 'evt_' || p_n, 'session.completed', '${PROVIDER_ID}', session_id, 1, '{}', now());
        update bench_accounts set balance = balance + 3 where id = 'provider';
        update bench_accounts set balance = balance + 1 where id = 'platform';
      end $$;`)
  })
}

/** Transactions per second of a script, for so many seconds or with so many transactions of each client. */
export async function runPgbench(
  pgbench: string,
  url: string,
  options: { script: string; clients: number } & ({ seconds: number } | { transactions: number }),
): Promise<number> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'token-marketplace-pgbench-'))
  const file = path.join(folder, 'script.sql')
  writeFileSync(file, options.script)
  try {
    const { stdout } = await run(pgbench, [
      ...['-n', '-M', 'prepared', '-c', String(options.clients), '-j', '1'],
      ...('seconds' in options ? ['-T', String(options.seconds)] : ['-t', String(options.transactions)]),
      ...['-f', file, url],
    ])
    const [, tps] = /tps = ([\d.]+) \(without/.exec(stdout) ?? []
    if (tps === undefined) throw new Error(`pgbench said: ${stdout}`)
    return Number(tps)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
