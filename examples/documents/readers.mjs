// How each kind of document is read: its title, its prose (what a person would read aloud), and an outline of how it is built.
import path from 'node:path';

const KINDS = {
  '.md': 'markdown',
  '.txt': 'text',
  '.html': 'html',
  '.csv': 'csv',
  '.json': 'json',
  '.log': 'log',
  '.ini': 'ini',
  '.yaml': 'yaml',
  '.py': 'python',
  '.js': 'javascript',
  '.c': 'c',
  '.sql': 'sql',
};

/** The kind of a document by its file name; unknown ones are read as text. */
export function kindOf(file) {
  return KINDS[path.extname(file).toLowerCase()] ?? 'text';
}

/**
 * { title?, prose, headings?, links?, figures?, dated?, summary?, outline } of a document: `outline` says how it is built,
 * `figures` and `dated` are the texts to look for numbers and for years in where that is not the source, `summary` is
 * there where no sentence of the document can be one.
 */
export function readDocument(kind, source) {
  return READERS[kind](source.replace(/^\uFEFF/, ''));
}

const READERS = {
  markdown: readMarkdown,
  text: readText,
  html: readHtml,
  csv: readCsv,
  json: readJson,
  log: readLog,
  ini: readIni,
  yaml: (source) => readCode(source, { comment: /^\s*# ?(.*)$/gm, name: /^(\w[\w-]*):/gm, what: 'top-level keys' }),
  python: (source) => readCode(source, { comment: /"""([\s\S]*?)"""|^\s*# ?(.*)$/gm, name: /^def (\w+)/gm }),
  javascript: (source) =>
    readCode(source, { comment: /\/\*\*?([\s\S]*?)\*\/|^\s*\/\/ ?(.*)$/gm, name: /^(?:export )?function (\w+)/gm }),
  c: (source) => readCode(source, { comment: /\/\*([\s\S]*?)\*\//gm, name: /^[\w ]+?(\w+)\([^;]*\)\s*\{/gm }),
  sql: (source) =>
    readCode(source, { comment: /^\s*-- ?(.*)$/gm, name: /^(SELECT|INSERT|CREATE \w+)/gm, what: 'statements' }),
};

function readMarkdown(source) {
  const body = source.replace(/^---\n[\s\S]*?\n---\n/, '');
  const headings = [...body.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => heading.trim());
  const tables = body.split('\n').filter((line) => /^\|[-| :]*-[-| :]*\|$/.test(line)).length;
  const items = body.split('\n').filter((line) => /^\s*(?:[-*]|\d+\.) /.test(line)).length;
  const prose = body
    .replace(/^#{1,6} .*$|^\|.*$/gm, '')
    .replace(/^\s*(?:[-*>]|\d+\.) +/gm, '\n')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*`]/g, '');
  const outline = `${headings.length} headings, ${items} list items, ${tables} tables`;
  return {
    title: headings[0],
    prose,
    headings: headings.slice(1),
    links: linksIn(body),
    outline,
  };
}

function readText(source) {
  const paragraphs = source.split(/\n\s*\n/).filter((part) => part.trim() !== '');
  const first = source.trim().split('\n', 1)[0] ?? '';
  return {
    title: first.length <= 120 ? first : `${first.slice(0, 80).trimEnd()}…`,
    prose: source,
    links: linksIn(source),
    outline: `${paragraphs.length} paragraphs`,
  };
}

function readHtml(source) {
  const seen = source.replace(/<!--[\s\S]*?-->|<(script|style)\b[\s\S]*?<\/\1>/gi, '');
  const plain = (html) =>
    decodeEntities(html.replace(/<[^>]*>/g, ' '))
      .replace(/[ \t]+/g, ' ')
      .trim();
  const tags = (name) =>
    [...seen.matchAll(new RegExp(`<${name}\\b[^>]*>([\\s\\S]*?)</${name}>`, 'gi'))].map(([, inner]) => plain(inner));
  const [title] = tags('title');
  const counts = { paragraphs: tags('p').length, items: tags('li').length, tables: tags('table').length };
  return {
    title,
    prose: tags('p').join('\n\n'),
    headings: tags('h[2-6]'),
    links: [...seen.matchAll(/<a\b[^>]*\bhref="([^"]+)"/gi)].map(([, href]) => href),
    outline: `${counts.paragraphs} paragraphs, ${counts.items} list items, ${counts.tables} tables`,
  };
}

function readCsv(source) {
  const delimiter = [',', ';', '\t', '|'].sort((a, b) => columnsBy(source, b) - columnsBy(source, a))[0];
  const [header = [], ...rows] = parseCsv(source, delimiter);
  const texts = rows.flat().filter((cell) => /\p{L}{3}/u.test(cell));
  const outline = `${rows.length} rows of ${header.length} columns (${header.join(', ')}), first ${rows[0]?.[0]}, last ${rows.at(-1)?.[0]}`;
  return {
    prose: texts.filter((text) => text.split(' ').length > 3).join('\n\n'),
    headings: header,
    figures: rows.flat().join('\n'),
    dated: header.flatMap((_, at) => datedCells(rows.map((row) => row[at] ?? ''))).join('\n'),
    summary: outline,
    outline,
  };
}

function readJson(source) {
  const value = JSON.parse(source);
  const [name, entries] = Array.isArray(value)
    ? ['entries', value]
    : (Object.entries(value).find(([, inner]) => Array.isArray(inner)) ?? ['entries', []]);
  const keys = Object.keys(Array.isArray(value) ? (value[0] ?? {}) : value);
  const prose = stringsIn(value)
    .filter((text) => text.split(' ').length > 3)
    .join('\n\n');
  const outline = `${entries.length} ${name}; keys ${keys.join(', ')}`;
  return {
    title: value.title,
    prose,
    headings: keys,
    links: linksIn(source),
    summary: outline,
    outline,
  };
}

function readLog(source) {
  const lines = source.split('\n').filter((line) => line !== '');
  const by_level = {};
  for (const line of lines) {
    const level = /\b(DEBUG|INFO|WARN|ERROR|FATAL)\b/.exec(line)?.[1] ?? 'other';
    by_level[level] = (by_level[level] ?? 0) + 1;
  }
  const stamp = (line) => line?.split(' ', 1)[0];
  const outline = `${lines.length} entries from ${stamp(lines[0])} to ${stamp(lines.at(-1))}, ${by_level.WARN ?? 0} warnings, ${(by_level.ERROR ?? 0) + (by_level.FATAL ?? 0)} errors`;
  const prose = lines.map((line) => line.replace(/^\S+ \w+ +/, '')).join('\n\n');
  return { prose, summary: outline, outline };
}

function readIni(source) {
  const sections = [...source.matchAll(/^\[(.+)\]$/gm)].map(([, name]) => name);
  const settings = [...source.matchAll(/^\s*[^;#[\s][^=]*=/gm)].length;
  const comments = [...source.matchAll(/^\s*[;#] ?(.*)$/gm)].map(([, comment]) => comment);
  return {
    title: comments[0],
    prose: comments.join('\n\n'),
    headings: sections,
    outline: `${settings} settings in ${sections.length} sections`,
  };
}

function readCode(source, { comment, name, what = 'functions' }) {
  const comments = [...source.matchAll(comment)].map(
    ([, ...groups]) => groups.find((group) => group !== undefined)?.trim() ?? '',
  );
  const names = [...source.matchAll(name)].map(([, found]) => found);
  const code = source.split('\n').filter((line) => line.trim() !== '').length;
  return {
    title: comments[0]?.split(/(?<=[.:;])\s|\n/, 1)[0],
    prose: comments.join('\n\n'),
    headings: names,
    links: linksIn(source),
    outline: `${names.length} ${what} in ${code} lines that are not blank`,
  };
}

function parseCsv(source, delimiter) {
  const cell = new RegExp(
    `(?:"((?:[^"]|"")*)"|([^"\\n${delimiter === '|' ? '\\|' : delimiter}]*))(${delimiter === '|' ? '\\|' : delimiter}|\\r?\\n|$)`,
    'gy',
  );
  const rows = [[]];
  while (cell.lastIndex < source.length) {
    const [, quoted, bare, end] = cell.exec(source) ?? [];
    if (end === undefined) throw new Error('the CSV has a stray quote');
    rows.at(-1).push(quoted?.replaceAll('""', '"') ?? bare.replace(/\r$/, ''));
    if (end !== delimiter) rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

/** The cells of a column that has nothing but years or dates: in any other column 1062 is a number. */
function datedCells(cells) {
  return cells.every((cell) => /^(?:[12]\d{3}(?:-\d\d-\d\d)?)?$/.test(cell)) ? cells : [];
}

function columnsBy(source, delimiter) {
  return (source.split('\n', 1)[0] ?? '').split(delimiter).length;
}

function stringsIn(value) {
  if (typeof value === 'string') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(stringsIn) : [];
}

function linksIn(text) {
  return [...new Set(text.match(/https?:\/\/[^\s)"'>]+/g) ?? [])];
}

function decodeEntities(html) {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', apos: "'" };
  return html.replace(/&(?:#(\d+)|(\w+));/g, (whole, code, name) =>
    code ? String.fromCodePoint(Number(code)) : (named[name] ?? whole),
  );
}
