// The offline worker of this example: writes the reminder for one overdue loan, with no model and no network. The letter
// is a file in the output directory; the result says what the library needs to know.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { LETTERS } from './letters.mjs';

const FEE_PER_DAY = 0.2;
const DAYS_BEFORE_PRICE_IS_DUE = 90;

try {
  const { payload } = JSON.parse(await readAll(process.stdin));
  process.stdout.write(`${JSON.stringify(await remind(payload))}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function remind(loan) {
  const days = Number(loan.days_overdue);
  const level = Math.min(3, Number(loan.reminded) + 1);
  const lost = days > DAYS_BEFORE_PRICE_IS_DUE;
  const fee = Math.min(Math.round(days * FEE_PER_DAY * 100) / 100, Number(loan.price));
  const owed = lost ? Math.round((Number(loan.price) + fee) * 100) / 100 : fee;
  const { subject, letter } = LETTERS[loan.language]({ ...loan, days, level, lost, owed: owed.toFixed(2) });
  const file = path.join('letters', `${loan.loan_id}.txt`);
  const target = path.join(process.env.ABP_OUTPUT_DIR ?? 'output', file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, `${subject}\n\n${letter}\n`);
  return {
    level,
    owed_eur: owed,
    action: lost ? 'charge the price' : level === 3 ? 'block the card' : 'send',
    subject,
    letter: file,
  };
}
