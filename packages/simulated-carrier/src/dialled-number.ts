// From a SIP or tel URI to the E.164 number the scenarios are filed under.
import { ParseFailure, parseSipUri } from '@ringback/sip';

/** Numbers of the North American plan as people there write them, without country code. */
const NATIONAL_DIGITS = 10;

/**
 * The number a URI names, with `+` and country code. Separators are dropped; ten bare digits are North American, more
 * are taken as international. A user that is no number comes back as it is, and a URI without user as a whole.
 */
export function numberOf(uri: string): string {
  const user = userOf(uri);
  if (user === undefined) return uri;
  // RFC 3966 lets parameters follow the number within the user part too, e.g. `;npdi`.
  const [name = ''] = user.split(';', 1);
  const bare = name.replace(/[-.()\s]/g, '');
  if (/^\+\d+$/.test(bare)) return bare;
  if (!/^\d{10,}$/.test(bare)) return name;
  return bare.length === NATIONAL_DIGITS ? `+1${bare}` : `+${bare}`;
}

function userOf(uri: string): string | undefined {
  if (uri.slice(0, 4).toLowerCase() === 'tel:') return uri.slice(4);
  try {
    return parseSipUri(uri).user;
  } catch (error) {
    // A strange URI in From is no reason to refuse the call.
    if (error instanceof ParseFailure) return undefined;
    throw error;
  }
}
