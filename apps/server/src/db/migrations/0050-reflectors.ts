import { sql, type Kysely } from "kysely";

/** Partners for measuring links, and which vetting run has which of their slots. */
export async function reflectors(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // Slot n, from 0, listens on port + n. Without a replica an operator runs it; else that process starts iperf3 itself.
  `create table reflectors (
    id bigint generated always as identity primary key,
    host text not null check (host <> ''),
    port int not null check (port between 1 and 65535),
    slots int not null check (slots between 1 and 1024),
    capacity_bits_per_second bigint check (capacity_bits_per_second > 0),
    replica text not null default '',
    added_by text not null,
    created_at timestamptz not null default now(),
    unique (host, port)
  )`,
  `create table reflector_leases (
    reflector_id bigint not null references reflectors on delete cascade,
    slot int not null,
    workflow_id bigint not null unique,
    leased_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (reflector_id, slot)
  )`,
];
