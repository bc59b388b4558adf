// The offline worker of this example: works out what follows from a city's coordinates, with no model and no network.
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { bearing, compass, dayLength, distanceKm, geohash } from './earth.mjs';

try {
  const { payload } = JSON.parse(await readAll(process.stdin));
  process.stdout.write(`${JSON.stringify(await enrich(payload))}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function enrich({ id, name, position, altitude_m }) {
  const { lat, lon } = position;
  const others = JSON.parse(await readFile(new URL('input/cities.json', import.meta.url), 'utf8')).data.cities;
  const [near] = others
    .filter((other) => other.id !== id)
    .map((other) => ({ other, km: distanceKm(position, other.position) }))
    .sort((a, b) => a.km - b.km);
  const minutes = Math.round(lon * 4);
  return {
    hemisphere: `${lat < 0 ? 'south' : 'north'} ${lon < 0 ? 'west' : 'east'}`,
    climate_belt: beltOf(Math.abs(lat)),
    geohash: geohash(lat, lon, 7),
    solar_time: `UTC${minutes < 0 ? '-' : '+'}${clock(Math.abs(minutes))}`,
    daylight_h: { june_21: dayLength(lat, 23.44), december_21: dayLength(lat, -23.44) },
    antipode: { lat: -lat, lon: Number((lon > 0 ? lon - 180 : lon + 180).toFixed(4)) },
    nearest: { id: near.other.id, km: Math.round(near.km), direction: compass(bearing(position, near.other.position)) },
    sentence: `${name} lies ${Math.round(distanceKm(position, { lat: 0, lon }))} km ${lat < 0 ? 'south' : 'north'} of the equator${altitude_m ? `, ${altitude_m} m above the sea` : ''}.`,
  };
}

function beltOf(latitude) {
  if (latitude < 23.44) return 'tropical';
  if (latitude < 35) return 'subtropical';
  return latitude < 66.56 ? 'temperate' : 'polar';
}

function clock(minutes) {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
