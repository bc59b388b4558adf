// John Conway's Game of Life (Scientific American, October 1970) on an unbounded board.
// A board is a Set of "x,y". Run: node game_of_life.js 4

/** The eight cells around one. */
function neighbours(cell) {
  const [x, y] = cell.split(',').map(Number);
  const around = [];
  for (const dx of [-1, 0, 1]) {
    for (const dy of [-1, 0, 1]) {
      if (dx !== 0 || dy !== 0) around.push(`${x + dx},${y + dy}`);
    }
  }
  return around;
}

/** One generation: born with three neighbours, alive with two or three. */
function step(board) {
  const counts = new Map();
  for (const cell of board) {
    for (const near of neighbours(cell)) counts.set(near, (counts.get(near) ?? 0) + 1);
  }
  return new Set([...counts].filter(([cell, n]) => n === 3 || (n === 2 && board.has(cell))).map(([cell]) => cell));
}

function draw(board, size) {
  const rows = [];
  for (let y = 0; y < size; y += 1) {
    rows.push(Array.from({ length: size }, (_, x) => (board.has(`${x},${y}`) ? '#' : '.')).join(''));
  }
  return rows.join('\n');
}

// A glider moves one cell right and one down in four generations.
let board = new Set(['1,0', '2,1', '0,2', '1,2', '2,2']);
for (let generation = 0; generation <= Number(process.argv[2] ?? 4); generation += 1) {
  console.log(`generation ${generation}, ${board.size} cells\n${draw(board, 6)}\n`);
  board = step(board);
}
