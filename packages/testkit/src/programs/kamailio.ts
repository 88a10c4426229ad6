// Kamailio on loopback as a carrier's edge: it asks callers for a SHA-256 digest, records its route, registers, forks, and speaks UDP,
// TCP and TLS.
import { type ForeignProgram, isPortOpen, startForeignProgram } from './foreign-program.ts';
import { freePort } from './free-port.ts';

export interface Kamailio extends ForeignProgram {
  /** UDP and TCP. */
  readonly port: number;
  readonly tlsPort: number;
}

/** What it asks for, in realm `interop`, of whoever calls as `ringback` or registers. */
export const kamailioPassword = 'open-sesame';

export interface KamailioOptions {
  /** INVITEs for `callee` go to the first of these ports, for `fork` to both, for anybody else to where they registered. */
  readonly calleePorts: readonly [number, number];
  /** What it proves itself with, in PEM. */
  readonly certificate: { readonly cert: string; readonly key: string };
}

export async function startKamailio({ calleePorts, certificate }: KamailioOptions): Promise<Kamailio> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const program = await startForeignProgram({
    program: '/usr/sbin/kamailio',
    arguments: ['-f', 'kamailio.cfg', '-DD', '-E', '-m', '64', '-M', '8', '-w', '.', '-Y', '.'],
    files: {
      'kamailio.cfg': configuration(port, tlsPort, calleePorts),
      'cert.pem': certificate.cert,
      'key.pem': certificate.key,
    },
    isReady: () => isPortOpen('udp', port) && isPortOpen('tcp', port) && isPortOpen('tcp', tlsPort),
  });
  return Object.assign(program, { port, tlsPort });
}

// tm has to be loaded before sl.
const configuration = (
  port: number,
  tlsPort: number,
  [first, second]: readonly [number, number],
): string => `\
#!KAMAILIO
debug=1
log_stderror=yes
children=2
tcp_children=2
auto_aliases=no
enable_tls=yes
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
listen=tls:127.0.0.1:${tlsPort}
${['tm', 'sl', 'rr', 'pv', 'maxfwd', 'textops', 'siputils', 'corex', 'usrloc', 'registrar', 'auth', 'tls']
  .map((module) => `loadmodule "${module}.so"`)
  .join('\n')}
modparam("auth", "algorithm", "SHA-256")
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "cert.pem")
modparam("tls", "private_key", "key.pem")

request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) t_relay();
    else if (is_method("ACK")) { if (t_check_trans()) t_relay(); }
    else sl_send_reply("404", "Not here");
    exit;
  }
  t_check_trans();
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("interop", "${kamailioPassword}", "0")) { www_challenge("interop", "1"); exit; }
    save("location");
    exit;
  }
  if ($fU == "ringback" && !pv_proxy_authenticate("interop", "${kamailioPassword}", "0")) {
    proxy_challenge("interop", "1");
    exit;
  }
  consume_credentials();
  record_route();
  if ($rU == "fork") { $ru = "sip:one@127.0.0.1:${first}"; append_branch("sip:two@127.0.0.1:${second}"); }
  else if ($rU == "callee") $ru = "sip:callee@127.0.0.1:${first}";
  else if (!lookup("location")) { sl_send_reply("404", "Not found"); exit; }
  if (!t_relay()) sl_reply_error();
}
`;
