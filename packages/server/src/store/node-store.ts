/** This process as a node: its row and lease, on which the ownership of all its contacts hangs. */
import type { NodeId } from '../ids.ts';
import type { RingbackDatabase } from './schema.ts';

export interface NodeAddress {
  readonly host: string;
  /** See `placeOf`; undefined where that is not known. */
  readonly place?: string | undefined;
}

export interface NodeStore {
  /**
   * Makes the node known with a lease of `leaseMs` from now, on database time. The leases of those who were at its place end: a crash
   * left them (`placeOf`).
   */
  register(id: NodeId, at: NodeAddress, leaseMs: number): Promise<void>;
  /** Extends the lease. False when the row is gone: another node judged this one dead. */
  renew(id: NodeId, leaseMs: number): Promise<boolean>;
  /** Ends the lease at once, so that what is left may be recovered without a wait. */
  release(id: NodeId): Promise<void>;
  /** Removes nodes that died and own no open contact any more. */
  removeDead(): Promise<void>;
  /** Ends every lease. Only for whoever knows that no other node can be alive: the owner of an embedded database. */
  endAllLeases(): Promise<void>;
}

export function openNodeStore(database: RingbackDatabase): NodeStore {
  return {
    async register(id, { host, place }, leaseMs) {
      await database.query(
        `WITH predecessors AS (
           UPDATE node SET lease_expires_at = least(lease_expires_at, clock_timestamp()) WHERE place = $4)
         INSERT INTO node (id, host, place, lease_expires_at)
         VALUES ($1, $2, $4, clock_timestamp() + make_interval(secs => $3::float8 / 1000))`,
        [id, host, leaseMs, place],
      );
    },
    async renew(id, leaseMs) {
      const { rowCount } = await database.query(renewal, [id, leaseMs]);
      return rowCount === 1;
    },
    async release(id) {
      await database.query('DELETE FROM node WHERE id = $1', [id]);
    },
    async endAllLeases() {
      await database.query('DELETE FROM node');
    },
    async removeDead() {
      await database.query(
        `DELETE FROM node n WHERE n.lease_expires_at < clock_timestamp() - interval '1 hour'
            AND NOT EXISTS (SELECT FROM contact c WHERE c.owner_node = n.id AND c.state <> 'ENDED')`,
      );
    },
  };
}

const renewal = {
  name: 'renew-lease',
  text: `UPDATE node SET lease_expires_at = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
          WHERE id = $1`,
};
