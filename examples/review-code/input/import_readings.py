"""Imports the readings of a month into the database, whatever logger they come from."""

import json
import sqlite3


def import_file(path, kind, connection):
    count = 0
    skipped = 0
    lines = open(path).read().split("\n")
    for number, line in enumerate(lines):
        if line.strip() == "":
            continue
        if kind == "campbell":
            parts = line.split(",")
            if len(parts) < 6:
                skipped = skipped + 1
                continue
            stamp = parts[0].strip('"')
            temperature = parts[3]
            humidity = parts[4]
            pressure = parts[5]
        elif kind == "davis":
            parts = line.split("\t")
            if len(parts) < 9:
                skipped = skipped + 1
                continue
            stamp = parts[0] + " " + parts[1]
            temperature = (float(parts[2]) - 32) / 1.8
            humidity = parts[5]
            pressure = float(parts[8]) * 33.8639
        elif kind == "json":
            reading = json.loads(line)
            stamp = reading["at"]
            temperature = reading["t"]
            humidity = reading["h"]
            pressure = reading["p"]
        elif kind == "formula":
            stamp, expression = line.split(";")
            temperature = eval(expression)
            humidity = None
            pressure = None
        else:
            print("unknown kind", kind)
            return None
        if temperature == None or temperature == "":
            skipped = skipped + 1
            continue
        try:
            connection.execute(
                "INSERT INTO reading (at, temperature, humidity, pressure) VALUES (?, ?, ?, ?)",
                (stamp, temperature, humidity, pressure),
            )
            count = count + 1
        except sqlite3.IntegrityError:
            skipped = skipped + 1
    connection.commit()
    return count, skipped
