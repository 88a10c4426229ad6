/** Pages of List operations: a slice of an ordered list, and a token that names where the next one begins. */
import { invalidParameterException } from '@ringback/connect-api';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextToken: string | undefined;
}

/** Items on a page where the request does not say, as most operations have it. */
const defaultPageSize = 100;

/**
 * Cuts a page out of items that are ordered by id. The token names the last id of the page before, so that
 * items that come and go between two pages neither repeat nor vanish.
 *
 * @param pageSize how many items it has where the request does not say.
 * @throws {ApiError} InvalidParameterException for a token that no page gave out.
 */
export function pageOf<Item extends { readonly id: string }>(
  items: readonly Item[],
  asked: { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined },
  pageSize = defaultPageSize,
): Page<Item> {
  const maxResults = asked.MaxResults ?? pageSize;
  const after = asked.NextToken === undefined ? undefined : readToken(asked.NextToken);
  const from = after === undefined ? 0 : items.findIndex((item) => item.id > after);
  const start = from === -1 ? items.length : from;
  const page = items.slice(start, start + maxResults);
  const last = page.at(-1);
  const hasMore = start + maxResults < items.length;
  return {
    items: page,
    nextToken: hasMore && last ? Buffer.from(`after:${last.id}`).toString('base64url') : undefined,
  };
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (!text.startsWith('after:'))
    throw invalidParameterException('The value of NextToken was not given out by this operation.');
  return text.slice('after:'.length);
}
