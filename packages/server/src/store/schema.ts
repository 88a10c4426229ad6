/** The tables as kysely sees them. Columns are those of migrations/; only the store imports this. */
import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Database } from './database.ts';

type Json = JSONColumnType<object>;
/** Written by us as a Date, read by pg as a Date. */
type Timestamp = ColumnType<Date, Date, Date>;
/** May be left out of a new row. */
type Optional<Value> = ColumnType<Value | null, Value | null | undefined, Value | null>;

export interface Schema {
  instance: {
    id: string;
    account_id: string;
    region: string;
    alias: string;
    identity_management: string;
    inbound_calls_enabled: boolean;
    outbound_calls_enabled: boolean;
    contact_flow_logs_enabled: Generated<boolean>;
    early_media_enabled: Generated<boolean>;
    tags: ColumnType<object, string | undefined, string>;
    created_at: Timestamp;
  };
  phone_number: {
    id: string;
    account_id: string;
    region: string;
    instance_id: string;
    e164: string;
    country_code: string;
    type: string;
    description: string | null;
    tags: ColumnType<object, string | undefined, string>;
  };
  hours_of_operation: {
    instance_id: string;
    id: string;
    name: string;
    time_zone: string;
    config: Json;
    updated_at: Timestamp;
  };
  queue: {
    instance_id: string;
    id: string;
    name: string | null;
    type: string;
    description: string | null;
    hours_of_operation_id: string | null;
    status: string;
    outbound_caller_id_name: string | null;
    outbound_caller_id_number_id: string | null;
    updated_at: Timestamp;
  };
  routing_profile: {
    instance_id: string;
    id: string;
    name: string;
    description: string;
    default_outbound_queue_id: string;
    media_concurrencies: Json;
    is_default: Generated<boolean>;
    updated_at: Timestamp;
  };
  agent: {
    instance_id: string;
    id: string;
    username: string;
    first_name: string;
    last_name: string;
    routing_profile_id: string;
    password_hash: Optional<string>;
    updated_at: Timestamp;
  };
  contact_flow: {
    instance_id: string;
    id: string;
    name: string;
    type: string;
    description: string | null;
    content: string;
    status: string;
    state: string;
    tags: Json;
    created_at: Timestamp;
    updated_at: Timestamp;
    draft: Optional<string>;
    last_version: Generated<number>;
    settings: Optional<string>;
    external_invocation: Optional<boolean>;
    client_token: Optional<string>;
    request_hash: Optional<string>;
  };
  contact_flow_version: {
    instance_id: string;
    flow_id: string;
    version: number;
    description: string | null;
    content: string;
    created_at: Timestamp;
  };
  prompt: {
    instance_id: string;
    id: string;
    name: string;
    description: string | null;
    mulaw: Uint8Array;
    created_at: Timestamp;
    tags: ColumnType<object, string | undefined, string>;
    /** Absent in rows that were never changed. */
    updated_at: Optional<Date>;
  };
  access_key: {
    id: string;
    account_id: string;
    user_name: string;
    sealed_secret: Uint8Array;
    session_token_hash: Uint8Array | null;
    principal: string | null;
    policy: ColumnType<object | null, string | null, string | null>;
    created_at: Timestamp;
    expires_at: ColumnType<Date | null, Date | null, Date | null>;
    revoked_at: ColumnType<Date | null, Date | null, Date | null>;
  };
  agent_session: {
    token_hash: Uint8Array;
    instance_id: string;
    agent_id: string;
    created_at: Timestamp;
    last_used_at: Timestamp;
  };
  sign_in_failure: { subject_hash: Uint8Array; failures: number; last_at: Timestamp };
  call_slot_pool: { instance_id: string; pool: string; capacity: number; in_use: number };
}

export type RingbackDatabase = Database<Schema>;
