/** The far end of a webhook sink: takes events and records over HTTP and tells who waits for one. */
import { createServer, type Server } from 'node:http';

export interface ContactRecordFact {
  readonly ContactId: string;
  readonly DisconnectReason: string | null;
  readonly SegmentAttributes: Readonly<Record<string, { readonly ValueString: string }>>;
}

export class FactReceiver {
  readonly #server: Server;
  readonly #records = new Map<string, ContactRecordFact>();
  readonly #waiting = new Map<string, (record: ContactRecordFact) => void>();
  readonly #events = new Map<string, string[]>();
  /** Contacts that told of their answer. */
  connected = 0;
  /** Facts that came more than once, which "at least once" allows. */
  repeated = 0;
  readonly #seen = new Set<string>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<FactReceiver> {
    const server = createServer();
    const receiver = new FactReceiver(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { 'x-ringback-stream': stream, 'x-ringback-delivery': delivery } = request.headers;
        receiver.#take(String(stream), String(delivery), Buffer.concat(chunks).toString());
        response.writeHead(204).end();
      });
    });
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/facts`;
  }

  /** The contact's record, as soon as it is delivered. */
  recordOf(contactId: string): Promise<ContactRecordFact> {
    const known = this.#records.get(contactId);
    if (known) return Promise.resolve(known);
    return new Promise((resolve) => this.#waiting.set(contactId, resolve));
  }

  /** Contacts that are known by an event and have no record yet. */
  openContacts(): string[] {
    return [...this.#events.keys()].filter((contactId) => !this.#records.has(contactId));
  }

  /** Types of the contact's events, in the order in which they came. */
  eventsOf(contactId: string): readonly string[] {
    return this.#events.get(contactId) ?? [];
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #take(stream: string, delivery: string, body: string): void {
    if (this.#seen.has(delivery)) {
      this.repeated += 1;
      return;
    }
    this.#seen.add(delivery);
    if (stream === 'contact-records') {
      const record = JSON.parse(body) as ContactRecordFact;
      this.#records.set(record.ContactId, record);
      this.#waiting.get(record.ContactId)?.(record);
      this.#waiting.delete(record.ContactId);
      return;
    }
    const { detail } = JSON.parse(body) as { detail: { contactId: string; eventType: string } };
    if (detail.eventType === 'CONNECTED_TO_SYSTEM') this.connected += 1;
    const events = this.#events.get(detail.contactId);
    if (events) events.push(detail.eventType);
    else this.#events.set(detail.contactId, [detail.eventType]);
  }
}
