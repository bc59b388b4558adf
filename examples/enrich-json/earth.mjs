// Geometry of a round Earth: angles in degrees, lengths in kilometres.

const RADIUS_KM = 6371.0088;
const rad = (degrees) => (degrees * Math.PI) / 180;
const deg = (radians) => (radians * 180) / Math.PI;

/** Along the great circle, by the haversine formula. */
export function distanceKm(a, b) {
  const half =
    Math.sin(rad(b.lat - a.lat) / 2) ** 2 +
    Math.cos(rad(a.lat)) * Math.cos(rad(b.lat)) * Math.sin(rad(b.lon - a.lon) / 2) ** 2;
  return 2 * RADIUS_KM * Math.asin(Math.sqrt(half));
}

/** In which direction one sets out from a to b: 0 is north, 90 east. */
export function bearing(a, b) {
  const east = Math.sin(rad(b.lon - a.lon)) * Math.cos(rad(b.lat));
  const north =
    Math.cos(rad(a.lat)) * Math.sin(rad(b.lat)) -
    Math.sin(rad(a.lat)) * Math.cos(rad(b.lat)) * Math.cos(rad(b.lon - a.lon));
  return (deg(Math.atan2(east, north)) + 360) % 360;
}

/** The nearest of eight points of the compass. */
export function compass(degrees) {
  return ['N', 'NE', 'E', 'SE', 'S', 'SW', 'W', 'NW'][Math.round(degrees / 45) % 8];
}

/** Hours from sunrise to sunset for a declination of the sun, refraction included; 0 and 24 beyond the polar circles. */
export function dayLength(latitude, declination) {
  const cosine =
    (Math.sin(rad(-50 / 60)) - Math.sin(rad(latitude)) * Math.sin(rad(declination))) /
    (Math.cos(rad(latitude)) * Math.cos(rad(declination)));
  if (cosine >= 1) return 0;
  if (cosine <= -1) return 24;
  return Math.round((2 * deg(Math.acos(cosine)) * 10) / 15) / 10;
}

/** Gustavo Niemeyer's geohash: halves longitude and latitude in turn, five halvings a letter. */
export function geohash(lat, lon, length) {
  const letters = '0123456789bcdefghjkmnpqrstuvwxyz';
  const range = { lon: [-180, 180], lat: [-90, 90] };
  let hash = '';
  let bits = 0;
  for (let step = 0; hash.length < length; step += 1) {
    const [axis, value] = step % 2 === 0 ? ['lon', lon] : ['lat', lat];
    const middle = (range[axis][0] + range[axis][1]) / 2;
    const upper = value >= middle;
    range[axis][upper ? 0 : 1] = middle;
    bits = bits * 2 + (upper ? 1 : 0);
    if (step % 5 === 4) {
      hash += letters[bits];
      bits = 0;
    }
  }
  return hash;
}
