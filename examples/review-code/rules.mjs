// What the offline reviewer looks for. One rule a line: what is wrong, how bad it is, and how to see it in a line of code.

const SECRET_NAME = /\b\w*(?:secret|password|passwd|api_?key|token)\w*\s*[=:]\s*['"][^'"{}]{8,}['"]/i;

const EVERYWHERE = [
  {
    rule: 'hard-coded-secret',
    severity: 'error',
    pattern: SECRET_NAME,
    message: 'A secret in the source is known to everybody who can read it.',
  },
  {
    rule: 'eval',
    severity: 'error',
    pattern: /(?<![.\w])(?:eval|exec)\(/,
    message: 'Runs whatever the text contains as code.',
  },
  { rule: 'todo', severity: 'note', pattern: /\b(?:TODO|FIXME|XXX)\b/, message: 'Somebody meant to come back here.' },
];

const RULES = {
  javascript: [
    {
      rule: 'loose-equality',
      severity: 'warning',
      pattern: /[^=!<>]==[^=]/,
      message: '== converts types first: use ===.',
    },
    {
      rule: 'empty-catch',
      severity: 'error',
      pattern: /catch\s*(?:\([^)]*\))?\s*\{\s*\}/,
      message: 'The error is swallowed.',
    },
    {
      rule: 'weak-random',
      severity: 'error',
      pattern: /(?:token|secret|session|password).*Math\.random/i,
      message: 'Math.random can be predicted: use crypto.randomUUID.',
    },
    {
      rule: 'sql-from-text',
      severity: 'error',
      pattern: /["'`](?:SELECT|INSERT|UPDATE|DELETE)\b.*["'`]\s*\+/i,
      message: 'SQL put together from text can be made to say something else: use parameters.',
    },
    {
      rule: 'html-from-text',
      severity: 'error',
      pattern: /\.innerHTML\s*=/,
      message: 'Text becomes markup: use textContent or build elements.',
    },
    {
      rule: 'no-radix',
      severity: 'note',
      pattern: /\bparseInt\([^,()]*(?:\([^()]*\))?[^,()]*\)/,
      message: 'parseInt without a radix: use Number or give 10.',
    },
    {
      rule: 'var',
      severity: 'note',
      pattern: /^\s*var\s/,
      message: 'var is visible in the whole function: use const or let.',
    },
    { rule: 'console', severity: 'note', pattern: /\bconsole\.log\(/, message: 'Output for debugging was left in.' },
  ],
  python: [
    {
      rule: 'bare-except',
      severity: 'error',
      pattern: /^\s*except\s*:/,
      message: 'Catches everything, an interrupt too.',
    },
    {
      rule: 'mutable-default',
      severity: 'error',
      pattern: /^\s*def .*=\s*(?:\[\]|\{\}|list\(\)|dict\(\))/,
      message: 'The default is made once and shared by all calls.',
    },
    {
      rule: 'weak-hash',
      severity: 'error',
      pattern: /hashlib\.(?:md5|sha1)\(/,
      message: 'Broken for passwords: use hashlib.scrypt with a salt.',
    },
    {
      rule: 'sql-from-text',
      severity: 'error',
      pattern: /f["'](?:SELECT|INSERT|UPDATE|DELETE)\b.*\{/i,
      message: 'SQL put together from text can be made to say something else: use parameters.',
    },
    { rule: 'equals-none', severity: 'warning', pattern: /[=!]=\s*None\b/, message: 'Compare with None by `is`.' },
    {
      rule: 'unclosed-file',
      severity: 'warning',
      pattern: /^(?!\s*with\b).*(?<![.\w])open\(/,
      message: 'Nobody closes the file: use with.',
    },
    { rule: 'print', severity: 'note', pattern: /^\s*print\(/, message: 'Output by print in a module.' },
  ],
};

const LONG_FUNCTION = 40;

/** Everything the rules find in a source, by line: { line, rule, severity, message, code }. */
export function findings(language, source) {
  const lines = source.split('\n');
  const found = lines.flatMap((code, at) =>
    [...EVERYWHERE, ...RULES[language]]
      .filter(({ pattern }) => pattern.test(code))
      .map(({ rule, severity, message }) => ({ line: at + 1, rule, severity, message, code: code.trim() })),
  );
  return [...found, ...longFunctions(language, lines)].sort((a, b) => a.line - b.line);
}

function longFunctions(language, lines) {
  const start = language === 'python' ? /^\s*(?:async )?def (\w+)/ : /^\s*(?:export )?(?:async )?function (\w+)/;
  const starts = lines.flatMap((code, at) => (start.test(code) ? [at] : []));
  return starts.flatMap((at, n) => {
    const body = lines.slice(at, starts[n + 1] ?? lines.length);
    const length = body.filter((line) => line.trim() !== '').length;
    if (length <= LONG_FUNCTION) return [];
    const message = `The function has ${length} lines; ${LONG_FUNCTION} can still be read at once.`;
    return [{ line: at + 1, rule: 'long-function', severity: 'warning', message, code: lines[at].trim() }];
  });
}
