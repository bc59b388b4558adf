import { database } from './database.js';

export async function search(text, page) {
  const rows = await database.query("SELECT id, title FROM book WHERE title LIKE '%" + text + "%' LIMIT 20 OFFSET " + page * 20);
  return rows.map((row) => ({ ...row, url: '/book/' + row.id }));
}

// FIXME the counter is wrong after midnight
let searches = 0;
export function countSearch() {
  searches += 1;
  if (searches == 1000) console.log('a thousand searches today');
  return searches;
}
