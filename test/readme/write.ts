import { writeFileSync } from 'node:fs';
import { README, readReadme, withTables } from './tables.ts';

/** `npm run docs`: brings the README's tables up to date. */
writeFileSync(README, await withTables(readReadme()));
