"""Sunrise, sunset and length of day for a place and a year, as CSV.

After the low-precision formulas of the Astronomical Almanac: good to about a minute between 65 degrees north and south.
Usage: python3 sunrise.py 51.4779 -0.0015 2026 > greenwich-sun-2026.csv
"""

import sys
from datetime import date, timedelta
from math import acos, asin, atan2, cos, degrees, radians, sin

# Refraction lifts the sun by 34 minutes of arc, its radius is 16: the upper edge rises while the centre is this low.
HORIZON = radians(-50 / 60)


def sun(days: float) -> tuple[float, float]:
    """Declination (radians) and equation of time (minutes), `days` after noon UT on 1 January 2000."""
    mean = radians((280.460 + 0.9856474 * days) % 360)
    anomaly = radians((357.528 + 0.9856003 * days) % 360)
    longitude = mean + radians(1.915) * sin(anomaly) + radians(0.020) * sin(2 * anomaly)
    tilt = radians(23.439 - 0.0000004 * days)
    ascension = atan2(cos(tilt) * sin(longitude), cos(longitude))
    difference = (degrees(mean - ascension) + 180) % 360 - 180
    return asin(sin(tilt) * sin(longitude)), 4 * difference


def day(latitude: float, longitude: float, when: date) -> tuple[float, float, float, float]:
    """Rise, noon and set in minutes of UT, and the sun's height at noon in degrees."""
    declination, equation = sun((when - date(2000, 1, 1)).days)
    phi = radians(latitude)
    angle = acos((sin(HORIZON) - sin(phi) * sin(declination)) / (cos(phi) * cos(declination)))
    noon = 720 - 4 * longitude - equation
    half = 4 * degrees(angle)
    return noon - half, noon, noon + half, 90 - abs(latitude - degrees(declination))


def clock(minutes: float) -> str:
    whole = round(minutes)
    return f"{whole // 60:02d}:{whole % 60:02d}"


def main() -> None:
    latitude, longitude, year = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    print("date,weekday,sunrise_ut,noon_ut,sunset_ut,day_length,noon_height_deg")
    when = date(year, 1, 1)
    while when.year == year:
        rise, noon, setting, height = day(latitude, longitude, when)
        print(f"{when},{when:%A},{clock(rise)},{clock(noon)},{clock(setting)},{clock(setting - rise)},{height:.2f}")
        when += timedelta(days=1)


if __name__ == "__main__":
    main()
