"""Monthly report of the weather station: reads the CSV of a month and writes a summary."""

import csv
import statistics


def read(path, columns=[]):
    rows = csv.DictReader(open(path, encoding="utf-8"))
    for name in rows.fieldnames:
        if name not in columns:
            columns.append(name)
    return list(rows), columns


def summary(rows, column, unit=None):
    values = [float(row[column]) for row in rows if row[column] != ""]
    if unit == None:
        unit = ""
    # TODO: what if there are no values?
    return f"{column}: mean {statistics.mean(values):.1f}{unit}, highest {max(values):.1f}{unit}"


def main(path):
    rows, columns = read(path)
    for column in columns[1:]:
        print(summary(rows, column))
