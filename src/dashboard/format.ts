const integer = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

/** 1,234,567 */
export function count(value: number): string {
  return integer.format(value);
}

/** 1.2M */
export function brief(value: number): string {
  return short.format(value);
}

/** US dollars to the cent; below $0.10 with two significant digits. */
export function usd(value: number | undefined | null): string {
  if (value === undefined || value === null) return '–';
  if (value === 0) return '$0';
  return value < 0.1
    ? `$${value.toPrecision(2)}`
    : `$${value.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** 850 ms, 12 s, 3 min 20 s, 2 h 5 min, 3 d 4 h */
export function duration(seconds: number | undefined | null): string {
  if (seconds === undefined || seconds === null) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const [minutes, hours, days] = [Math.floor(whole / 60), Math.floor(whole / 3600), Math.floor(whole / 86_400)];
  if (minutes < 60) return joined(`${minutes} min`, whole % 60, 's');
  if (hours < 48) return joined(`${hours} h`, minutes % 60, 'min');
  return joined(`${days} d`, hours % 24, 'h');
}

function joined(first: string, rest: number, unit: string): string {
  return rest === 0 ? first : `${first} ${rest} ${unit}`;
}

/** Local time, with its day unless today. */
export function moment(iso: string | null | undefined): string {
  if (!iso) return '–';
  const date = new Date(iso);
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : day.format(date);
}

/** Time since a moment, rounded. */
export function ago(iso: string | null | undefined, now = Date.now()): string {
  if (!iso) return '–';
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 45) return 'just now';
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** 12.3 kB */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${(value / 1000 ** step).toFixed(step === 0 || value / 1000 ** step >= 100 ? 0 : 1)} ${units[step]}`;
}

/** `usage_limit` → "usage limit". */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}

/** A value as one line of text. */
export function oneLine(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
