// What can be counted or found in plain text.

const STOP_WORDS = {
  en: 'a an and are as at be been but by for from had has have he her his i in into is it its may no not of on one or our shall she so that the their them they this to was we were which who with you',
  de: 'aber als am an auf aus das dem den der des die du ein eine er es für hat ich im in ist mein mich mir mit nicht sein sich sie so und von was wer wie wohl zu',
  es: 'a al como con de del el en era es la las lo los más no o para por que quien se su sus tres un una y',
  fr: 'à au aux avec ce ces cette dans de des du elle en est et il la le les leur mais ne on ou par pas pour que qui sans se son sur tout un une',
  it: 'a ai al che chi ch con d da del della di e è era i il in io l la le lo ma mi ne nel non o per più quel si una un vi',
};
const STOP = Object.fromEntries(Object.entries(STOP_WORDS).map(([code, list]) => [code, new Set(list.split(' '))]));
const COMMON =
  'about above after again against along also another apart around before below between both came down each enough every first from gave here into itself just less like made make many more most much must next none only other over same some still such than then there these they thing things those through took under until upon very were what when where while whole within without would your yours';
const UNTELLING = new Set([...Object.values(STOP_WORDS), COMMON].flatMap((list) => list.split(' ')));

const MONTHS = [
  'january janvier enero januar gennaio jan',
  'february février febrero februar febbraio feb',
  'march mars marzo märz mar',
  'april avril abril aprile apr',
  'may mai mayo maggio',
  'june juin junio juni giugno jun',
  'july juillet julio juli luglio jul',
  'august août agosto aug',
  'september septembre septiembre settembre sept sep',
  'october octobre octubre oktober ottobre oct',
  'november novembre noviembre nov',
  'december décembre diciembre dezember dicembre dec',
];
const MONTH_NUMBER = new Map(MONTHS.flatMap((names, at) => names.split(' ').map((name) => [name, at + 1])));
const MONTH = [...MONTH_NUMBER.keys()].sort((a, b) => b.length - a.length).join('|');
const YEAR = '(1(?!000)[0-9]{3}|20[0-9]{2}|2100)';
const ISO_DATE = new RegExp(`\\b${YEAR}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])(?![0-9])`, 'g');
const DAY_FIRST = new RegExp(
  `(?<![0-9])([1-9]|[12][0-9]|3[01])\\.?\\s+(?:de\\s+)?(${MONTH})\\.?\\s+(?:de\\s+)?${YEAR}`,
  'giu',
);
const MONTH_FIRST = new RegExp(`(?<!\\p{L})(${MONTH})\\.?\\s+([1-9]|[12][0-9]|3[01]),\\s+${YEAR}`, 'giu');
const A_YEAR = new RegExp(
  `(?<![\\d.,:/-]|km )${YEAR}(?![\\d:/]|[.,]\\d|\\s?(?:°|km|m\\b|kg|g\\b|ml|metres|BC\\b|W\\b))`,
  'gu',
);
const A_NUMBER =
  /(?<![\p{L}\d.:/-])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d:-])|(?<![\p{L}\d.,:/-])-?\d+(?:\.\d+)?(?![\d:-]|,\d)/gu;
const LIST_LENGTH = 12;

/** Words of any alphabet; an apostrophe inside belongs to its word. */
export function words(text) {
  return text.match(/\p{L}+(?:['’]\p{L}+)*/gu) ?? [];
}

/** Sentences, as Intl.Segmenter cuts them, of at least three words; line breaks inside a paragraph are spaces. */
export function sentences(text) {
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
  return text
    .split(/\n\s*\n/)
    .flatMap((paragraph) => [...segmenter.segment(paragraph.replace(/\s+/g, ' '))])
    .map(({ segment }) => segment.trim())
    .filter((sentence) => words(sentence).length >= 3);
}

/** en, de, es, fr or it by their most frequent small words; null when there is too little to tell. */
export function guessLanguage(text) {
  const all = words(text.toLowerCase()).flatMap((word) => word.split(/['’]/));
  if (all.length < 20) return null;
  const shares = Object.entries(STOP).map(([code, stop]) => [
    code,
    all.filter((word) => stop.has(word)).length / all.length,
  ]);
  const [best] = shares.sort((a, b) => b[1] - a[1]);
  return best[1] >= 0.12 ? best[0] : null;
}

/** The words that are used most and are not everyday words, most frequent first, then by alphabet. */
export function topTerms(text, count = 5) {
  return [...frequencies(text)]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, count)
    .map(([term]) => term);
}

/** The sentence whose words are used most in the whole text: an extract, nothing is invented. */
export function summarize(said, text) {
  const weight = frequencies(text);
  const scored = said.slice(0, 40).map((sentence, at) => {
    const terms = words(sentence.toLowerCase());
    const sum = [...new Set(terms)].reduce((total, term) => total + (weight.get(term) ?? 0), 0);
    return { sentence, score: (sum / (terms.length + 8)) * (at < 3 ? 1.3 : 1) };
  });
  const [best] = scored.sort((a, b) => b.score - a.score);
  return best.sentence.length > 300 ? `${best.sentence.slice(0, 297).trimEnd()}…` : best.sentence;
}

/** Years that are named, ascending, each once. */
export function years(text) {
  return [...new Set([...text.matchAll(A_YEAR)].map(([, year]) => Number(year)))]
    .sort((a, b) => a - b)
    .slice(0, LIST_LENGTH);
}

/** Calendar dates as yyyy-mm-dd, ascending, each once. */
export function dates(text) {
  const found = [
    ...[...text.matchAll(ISO_DATE)].map(([, year, month, day]) => [year, month, day]),
    ...[...text.matchAll(DAY_FIRST)].map(([, day, month, year]) => [year, MONTH_NUMBER.get(month.toLowerCase()), day]),
    ...[...text.matchAll(MONTH_FIRST)].map(([, month, day, year]) => [
      year,
      MONTH_NUMBER.get(month.toLowerCase()),
      day,
    ]),
  ];
  const iso = found.map(([year, ...rest]) => [year, ...rest.map((part) => String(part).padStart(2, '0'))].join('-'));
  return [...new Set(iso)].sort().slice(0, LIST_LENGTH);
}

/** How many numbers there are, the smallest and the largest. */
export function numbers(text) {
  const found = (text.match(A_NUMBER) ?? []).map((number) => Number(number.replaceAll(',', '')));
  if (found.length === 0) return { count: 0, smallest: null, largest: null };
  const range = found.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  return { count: found.length, smallest: range[0], largest: range[1] };
}

function frequencies(text) {
  const counts = new Map();
  for (const word of words(text.toLowerCase())) {
    const term = word.replace(/['’]s$/, '');
    if (term.length < 4 || UNTELLING.has(term)) continue;
    counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  return counts;
}
