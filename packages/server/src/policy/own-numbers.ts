/** What kind of number an own one is, and to whom it may be shown as caller ID (Administrator Guide, outbound caller ID). */
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { Directory } from '../store/directory.ts';
import type { Instance } from '../store/resource-store.ts';

/** As the API calls it: an ordinary one, a toll-free one of some country, or an international freephone number. */
export type OwnNumberKind = 'DID' | 'TOLL_FREE' | 'UIFN';

/** Toll-free numbers are for those who share their calling code; international freephone numbers only take calls. */
export type CallerIdVerdict = 'yes' | 'not abroad' | 'never';

interface OwnNumber {
  readonly kind: OwnNumberKind;
  /** With the plus sign; no calling code begins with another one. */
  readonly callingCode: string;
}

/** Universal international freephone numbers (ITU-T E.164, list of assigned country codes). */
const freephoneCode = '+800';

/** Only numbers of ours come here, and at each call: parsing one takes longer than all else that is asked of it. */
const known = new Map<string, OwnNumber>();

export function kindOfOwnNumber(e164: string): OwnNumberKind {
  return ownNumber(e164).kind;
}

/**
 * Whether an own number may be the caller ID of a call. Which countries a toll-free number of the North American plan is
 * for cannot be seen from the number, so all of its calling code are at home.
 */
export function mayBeShown(source: string, destination: string): CallerIdVerdict {
  const { kind, callingCode } = ownNumber(source);
  if (kind === 'DID') return 'yes';
  if (kind === 'UIFN') return 'never';
  return destination.startsWith(callingCode) ? 'yes' : 'not abroad';
}

/** Whether the number belongs to the instance, so that its flows may show it. */
export async function isOwnNumber(
  number: string,
  { tenant, id }: Instance,
  { directory }: { readonly directory: Pick<Directory, 'phoneNumber'> },
): Promise<boolean> {
  return (await directory.phoneNumber(tenant, number))?.instanceId === id;
}

function ownNumber(e164: string): OwnNumber {
  const remembered = known.get(e164);
  if (remembered) return remembered;
  const parsed = parsePhoneNumberFromString(e164, { extract: false });
  const callingCode = `+${parsed?.countryCallingCode ?? ''}`;
  const kind = e164.startsWith(freephoneCode)
    ? 'UIFN'
    : parsed?.getType() === 'TOLL_FREE'
      ? 'TOLL_FREE'
      : 'DID';
  const number: OwnNumber = { kind, callingCode };
  known.set(e164, number);
  return number;
}
