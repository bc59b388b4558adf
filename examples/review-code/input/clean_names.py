"""Brings names of rivers into one form, so that lists from different sources can be joined."""

import unicodedata

PREFIXES = ("river ", "rio ", "río ", "fleuve ")


def fold(name: str) -> str:
    """The name in lower case without accents, articles or the word for river."""
    decomposed = unicodedata.normalize("NFD", name.strip().lower())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    for prefix in PREFIXES:
        plain = plain.removeprefix(prefix)
    return plain


def join(left: list[dict], right: list[dict]) -> list[dict]:
    """Rows of both lists whose names fold to the same; the left one wins where both have a field."""
    by_name = {fold(row["name"]): row for row in right}
    return [{**by_name[fold(row["name"])], **row} for row in left if fold(row["name"]) in by_name]
