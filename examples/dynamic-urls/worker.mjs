// The offline worker of this example: checks one page of the site from its saved copy, with no model and no network.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';

const SITE = new URL('input/site/', import.meta.url);
const saved = (path) => new URL(path.replace(/^\//, ''), SITE);

try {
  const { payload } = JSON.parse(await readAll(process.stdin));
  process.stdout.write(`${JSON.stringify(await check(payload))}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function check({ url, language }) {
  const path = new URL(url).pathname;
  if (!existsSync(saved(path)))
    return { found: false, title: null, words: 0, links: 0, problems: ['the page does not exist'] };
  const html = await readFile(saved(path), 'utf8');
  const title = /<title>([^<]*)<\/title>/.exec(html)?.[1] ?? null;
  const links = [...html.matchAll(/<a\b[^>]*\bhref="([^"]*)"/g)].map(([, href]) => href);
  const text = html.replace(/<head>[\s\S]*?<\/head>|<[^>]*>/g, ' ');
  return {
    found: true,
    title,
    words: (text.match(/\p{L}+/gu) ?? []).length,
    links: links.length,
    problems: problemsOf(html, { title, links, language }),
  };
}

function problemsOf(html, { title, links, language }) {
  const stated = /<html\b[^>]*\blang="([^"]*)"/.exec(html)?.[1];
  const headings = html.match(/<h1\b/g)?.length ?? 0;
  const images = (html.match(/<img\b[^>]*>/g) ?? []).filter((tag) => !/\balt="/.test(tag));
  const dead = links.filter((href) => href.startsWith('/') && !existsSync(saved(href)));
  return [
    title === null && 'no title',
    !/<meta name="description"/.test(html) && 'no description',
    stated !== language && `lang is ${stated}, expected ${language}`,
    headings !== 1 && `${headings} main headings, expected 1`,
    ...images.map((tag) => `an image without alt: ${/src="([^"]*)"/.exec(tag)?.[1]}`),
    ...dead.map((href) => `a dead link: ${href}`),
  ].filter((problem) => problem !== false);
}
