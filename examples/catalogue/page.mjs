// The catalogue as one HTML page that needs no other file.

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; color: #222 }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1.5rem }
figure { margin: 0 } img { width: 100%; border-radius: 8px } figcaption small { display: block; color: #666 }
`;

export function pageOf(items) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Catalogue of ${items.length} items</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Catalogue</h1>
<main>
${items.map(figureOf).join('\n')}
</main>
</body>
</html>
`;
}

function figureOf({ title, colours, pattern, image }) {
  return `<figure><img src="data:image/png;base64,${image}" alt="${text(title)}"><figcaption>${text(title)}<small>${text(`${pattern}, ${colours}`)}</small></figcaption></figure>`;
}

function text(value) {
  const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return value.replace(/[&<>"]/g, (character) => entities[character]);
}
