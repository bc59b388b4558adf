import type { Icon } from '@modelcontextprotocol/server';

/** Makes an icon as a data URL, so that no host has to fetch it; short, since the tool list has to stay small. */
function icon(path: string): Icon {
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0,0,8,8'><path d='${path}'/></svg>`;
  return { src: `data:image/svg+xml,${encodeURI(svg)}` };
}

/** Icon of the server: a stack of items. */
export const SERVER_ICON: Icon = { ...icon('M0,0h8v2H0zM0,3h8v2H0zM0,6h8v2H0z'), mimeType: 'image/svg+xml' };

/** Icons of tools by effect: an arrow, a pen, a cross. */
export const EFFECT_ICONS = {
  read: icon('M4,1l4,3-4,3-4-3z'),
  write: icon('M6,0l2,2-6,6H0V6z'),
  destructive: icon('M1,0l7,7-1,1-7-7z'),
} as const;
