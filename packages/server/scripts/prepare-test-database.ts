/** A program: makes the prepared database of a test run at the path given. scripts/test.ts runs it beside the first tests. */
import { makePreparedDatabase } from '../src/test-support/prepared-database.ts';

const [place] = process.argv.slice(2);
if (place === undefined) throw new Error('Say where: prepare-test-database.ts PATH');
await makePreparedDatabase(place);
