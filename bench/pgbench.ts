/**
 * PostgreSQL's own load generator on the same writes: what a session costs without HTTP, JWTs and JSON.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { PUBLIC_TENANT_ID } from '../apps/api/src/id.ts'
import { withClient } from './bulk.ts'
import { stopping } from './deadline.ts'
import type { Results } from './results.ts'
import { PROVIDER_ID } from './seed.ts'
import { SESSION } from './wire-session.ts'

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

/** How many clients are tried in each round: what is held against is the best that pgbench can do. */
export const CLIENTS = [10, 100]

const ended = { status: 'ended', endReason: 'completed', tokensCharged: 5, endedAt: SESSION.createdAt }
const COMPLETED = JSON.stringify({ ...SESSION, ...ended, endsAt: null, serveUntil: null })
const EARNED = JSON.stringify({
  sessionId: SESSION.id,
  providerId: SESSION.providerId,
  gross: 5,
  fee: 1,
  net: 4,
})

/**
 * The same rows as the API writes, by one function call per transaction, snapshots of events in the same size and turned
 * from text to JSON likewise. `bench_complete_session` also updates the provider's and the platform's balance in place, as a
 * ledger does that keeps a row per account.
 *
 * Left out is what the API writes once per batch: the row of `beat_batches` that has the last gaps of all it ended.
 *
 * What would write less, a wallet without tokens or a session that has ended, fails.
 */
export function createBenchFunctions(url: string): Promise<void> {
  return withClient(url, async (client) => {
    await client.query(`
      create table bench_accounts (id text primary key, balance bigint not null);
      insert into bench_accounts values ('provider', 0), ('platform', 0);
      create sequence bench_ids start 500000000;
      create sequence bench_next;

      create function bench_id(p_prefix text, p_n bigint) returns text language sql immutable
      return p_prefix || lpad(p_n::text, 26, '0');

      create function bench_open_session(p_user int) returns void language plpgsql as $$
      declare
        n bigint := nextval('bench_ids');
        session_id text := bench_id('ses_', n);
        user_id text := bench_id('usr_', p_user);
      begin
        update wallets set held = held + 40
        where tenant_id = '${PUBLIC_TENANT_ID}' and id = user_id and debt = 0 and posted - held >= 40;
        if not found then raise exception 'nothing to spend'; end if;
        insert into holds (tenant_id, id, wallet_id, reference, amount, created_at)
        values ('${PUBLIC_TENANT_ID}', bench_id('hld_', n), user_id, session_id, 40, now());
        insert into sessions (tenant_id, id, user_id, provider_id, user_ref, status, duration_ms, tokens_per_minute,
          fee_basis_points, tokens_held, launch_jti, launch_digest, launch_expires_at, created_at, sweep_at)
        values ('${PUBLIC_TENANT_ID}', session_id, user_id, '${PROVIDER_ID}', 'ref_' || md5(user_id), 'pending', 600000, 4,
          2000, 40, left(md5(n::text), 22), sha256(n::text::bytea), now() + interval '2 minutes', now(), now() + interval '7 minutes');
      end $$;

      create function bench_complete_session(p_n bigint) returns void language plpgsql as $$
      declare
        session_id text := bench_id('ses_', p_n);
        -- Variables, because a literal would be JSON before the first call.
        completed text := '${COMPLETED}';
        earned text := '${EARNED}';
        wallet text;
        event_number int;
        left_posted bigint;
        left_sequence bigint;
      begin
        update sessions set status = 'ended', end_reason = 'completed', ended_at = now(), paused_at = null,
          used_ms = used_ms + 1000, unbilled_ms = unbilled_ms + 0, tokens_charged = 5, event_sequence = event_sequence + 1
        where tenant_id = '${PUBLIC_TENANT_ID}' and id = session_id and status <> 'ended'
        returning user_id, event_sequence into wallet, event_number;
        if wallet is null then raise exception 'session % is over', p_n; end if;
        update wallets set held = held - 1920, posted = posted - 5, sequence = sequence + 1
        where tenant_id = '${PUBLIC_TENANT_ID}' and id = wallet returning posted, sequence into left_posted, left_sequence;
        update holds set captured = 5, released = 1915, resolution = 'captured', resolved_at = now()
        where tenant_id = '${PUBLIC_TENANT_ID}' and reference = session_id and resolution is null;
        insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence,
          debit_balance_after, session_id, description, created_at)
        values ('${PUBLIC_TENANT_ID}', bench_id('trf_c', p_n), 'charge', wallet, '${PROVIDER_ID}', 5, left_sequence,
          left_posted, session_id, 'Bench: 1 min 1 s at 4 tokens a minute', now());
        insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, session_id, description, created_at)
        values ('${PUBLIC_TENANT_ID}', bench_id('trf_f', p_n), 'fee', '${PROVIDER_ID}', 'platform_fee', 1, session_id,
          'Platform fee', now());
        insert into events (tenant_id, id, type, provider_id, session_id, sequence, snapshot, created_at)
        values
          ('${PUBLIC_TENANT_ID}', bench_id('evt_c', p_n), 'session.completed', '${PROVIDER_ID}', session_id, event_number,
            completed::json, now()),
          ('${PUBLIC_TENANT_ID}', bench_id('evt_e', p_n), 'earnings.posted', '${PROVIDER_ID}', session_id, event_number,
            earned::json, now());
        update bench_accounts set balance = balance + 4 where id = 'provider';
        update bench_accounts set balance = balance + 1 where id = 'platform';
      end $$;`)
  })
}

export const openScript = (users: number) => `\\set u random(1, ${users})\nselect bench_open_session(:u);`

/** Sessions from `first` on; nobody else may complete them. */
export async function completeScript(url: string, first: number): Promise<string> {
  await withClient(url, (client) => client.query(`select setval('bench_next', ${first}, false)`))
  return `select bench_complete_session(nextval('bench_next'));`
}

/** What pgbench does a second, warm, with the number of clients that suits it best. */
export async function bestOf(
  results: Results,
  work: string,
  run: (clients: number) => Promise<number>,
): Promise<number> {
  const perSecond: Record<string, number> = {}
  for (const clients of CLIENTS) perSecond[clients] = Math.round(await run(clients))
  const told = Object.entries(perSecond).map(([clients, rate]) => `${rate}/s with ${clients} clients`)
  results.note('pgbench', `pgbench, ${work}: ${told.join(', ')}`, { work, perSecond })
  return Math.max(...Object.values(perSecond))
}

/** Of all transactions, by when they ended: before that backends plan and fill their caches, after it not all clients are left. */
const STEADY_FROM = 0.2
const STEADY_TO = 0.95

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
    await run(
      pgbench,
      [
        ...['-n', '-M', 'prepared', '-c', String(options.clients), '-j', '1'],
        ...('seconds' in options ? ['-T', String(options.seconds)] : ['-t', String(options.transactions)]),
        ...['-l', '--log-prefix', path.join(folder, 'log'), '-f', file, url],
      ],
      { signal: stopping },
    )
    const logs = readdirSync(folder).filter((name) => name.startsWith('log'))
    return steadyRate(logs.map((name) => readFileSync(path.join(folder, name), 'utf8')).join(''))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param log a line per transaction: client, number, latency, script, and when it ended in seconds and microseconds */
export function steadyRate(log: string): number {
  const endings = log
    .trim()
    .split('\n')
    .map((line) => {
      const [seconds, microseconds] = line.split(' ').slice(4)
      return Number(seconds) * 1e6 + Number(microseconds)
    })
    .sort((a, b) => a - b)
  const [from, to] = [STEADY_FROM, STEADY_TO].map((share) => Math.floor((endings.length - 1) * share))
  const [begun, ended] = [endings[from ?? 0], endings[to ?? 0]]
  if (begun === undefined || ended === undefined || !(ended > begun))
    throw new Error(`pgbench said too little of what it did: ${log.slice(0, 200)}`)
  return (((to ?? 0) - (from ?? 0)) * 1e6) / (ended - begun)
}
