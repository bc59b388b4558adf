import { describe, expect, it } from 'vitest';
import {
  EXPORT_FORMATS,
  exportExtension,
  exportFormatOf,
  exportMediaType,
  requireFormatOf,
} from '../../src/domain/export-format.ts';

describe('the format of a file name', () => {
  it.each([
    ['results.csv', 'csv'],
    ['a.b/RESULTS.JSONL', 'jsonl'],
    ['x.json', 'json'],
    ['table.md', 'markdown'],
    ['x.tsv', 'tsv'],
    ['x.xlsx', null],
    ['csv', null],
  ])('of %s is %s', (file, format) => {
    expect(exportFormatOf(file)).toBe(format);
  });
});

describe('an export format', () => {
  it.each(EXPORT_FORMATS)('%s is named by its extension, and has a media type', (format) => {
    expect(exportFormatOf(`x${exportExtension(format)}`)).toBe(format);
    expect(requireFormatOf(`x${exportExtension(format)}`)).toBe(format);
    expect(exportMediaType(format)).toMatch(/^(text|application)\//);
  });
});

describe('a file name', () => {
  it.each([
    ['x.xlsx', '.xlsx'],
    ['x.parquet', '.parquet'],
    ['x.csv.bak', '.bak'],
    ['results', 'no extension'],
    ['.csvrc', 'no extension'],
  ])('%s without a known extension is rejected with the known ones', (file, found) => {
    expect(() => requireFormatOf(file)).toThrow(
      expect.objectContaining({
        code: 'invalid_input',
        message: `${file}: expected a name that ends in .csv, .tsv, .jsonl, .json, .md, found ${found}.`,
      }),
    );
  });
});
