import { createHash } from 'node:crypto';
import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LINK_TTL_MS, linkFolder, mintCode, redeemCode } from '../../../src/http/sign-in-links.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const hashOf = (code: string) => createHash('sha256').update(code).digest('hex');

describe('a code', () => {
  test('is valid for two minutes, for its own store, and not when the clock jumps', () => {
    const store = join(temporaryDirectory('links'), 'batch.db');
    const now = Date.now();
    const [good, late, back] = [mintCode(store), mintCode(store), mintCode(store)];
    expect(redeemCode(store, late, now + LINK_TTL_MS + 5000)).toBe(false);
    expect(redeemCode(store, late, now)).toBe(false);
    expect(redeemCode(store, back, now - LINK_TTL_MS - 5000)).toBe(false);
    expect(redeemCode(join(temporaryDirectory('links'), 'batch.db'), good)).toBe(false);
    expect(redeemCode(store, good, now + LINK_TTL_MS - 5000)).toBe(true);
  });

  test('a link that cannot be stored is an environment error', () => {
    const root = temporaryDirectory('links');
    const store = join(root, 'batch.db');
    writeFileSync(linkFolder(store), 'a file');
    expect(() => mintCode(store)).toThrow(expect.objectContaining({ code: 'environment' }));
    expect(redeemCode(store, 'a'.repeat(43))).toBe(false);
  });
});

describe('the files of codes', () => {
  test('contain only the hash, are readable for this user only, and are removed when expired', () => {
    const store = join(temporaryDirectory('links'), 'batch.db');
    const codes = [mintCode(store), mintCode(store)];
    const folder = linkFolder(store);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).toSorted()).toEqual(codes.map(hashOf).toSorted());
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      expect(redeemCode(store, name)).toBe(false);
      expect(codes).not.toContain(readFileSync(join(folder, name), 'utf8'));
    }
    const later = mintCode(store, Date.now() + LINK_TTL_MS + 5000);
    expect(readdirSync(folder)).toEqual([hashOf(later)]);
  });

  const CODE = 'a'.repeat(43);
  const planted: readonly (readonly [string, (path: string, folder: string) => void])[] = [
    ['a file with other content', (path) => writeFileSync(path, `index,${hashOf(CODE)}\n`)],
    ['an empty file', (path) => writeFileSync(path, '')],
    ['a file of the right length', (path) => writeFileSync(path, 'x'.repeat(64))],
    ['a folder', (path) => mkdirSync(path)],
    [
      'a symbolic link to a valid file',
      (path, folder) => {
        writeFileSync(join(folder, '..', 'elsewhere'), hashOf(CODE));
        symlinkSync(join(folder, '..', 'elsewhere'), path);
      },
    ],
    ['the file of another link, renamed', (path, folder) => renameSync(join(folder, hashOf('other')), path)],
    [
      'an expired link',
      (path) => {
        writeFileSync(path, hashOf(CODE));
        utimesSync(path, new Date(), new Date(Date.now() - LINK_TTL_MS - 5000));
      },
    ],
  ];
  test.each(planted)('%s is not valid', (_what, plant) => {
    const store = join(temporaryDirectory('links'), 'batch.db');
    const folder = linkFolder(store);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, hashOf('other')), hashOf('other'));
    plant(join(folder, hashOf(CODE)), folder);
    expect(redeemCode(store, CODE)).toBe(false);
  });

  test.skipIf(process.getuid?.() !== 0)('a file of another user is not valid', () => {
    const store = join(temporaryDirectory('links'), 'batch.db');
    const code = mintCode(store);
    chownSync(join(linkFolder(store), hashOf(code)), 12_345, 12_345);
    expect(redeemCode(store, code)).toBe(false);
  });
});
