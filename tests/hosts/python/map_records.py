"""Maps records with a mapping component, in Python: NDJSON on standard input, documents on standard output.

    python map_records.py MAPPING.wasm SETTINGS.json [CITY.mmdb ASN.mmdb]
"""

import ipaddress
import json
import sys
from itertools import islice

import maxminddb
from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record, Variant

# How many records are mapped at once.
BATCH = 1000
GEO = "exotrace:mapping/geo@0.2.0"
MAPPER = "exotrace:mapping/mapper@0.2.0"


def record(**fields):
    """A record of WIT: its fields are attributes, with the names that WIT gives them."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


class Databases:
    """Answers the one question that a mapping asks."""

    def __init__(self, city, asn):
        self.city = maxminddb.open_database(city)
        self.asn = maxminddb.open_database(asn)

    def lookup(self, store, addresses):
        return [self.network(address) for address in addresses]

    def network(self, address):
        try:
            address = ipaddress.ip_address(address)
        except ValueError:
            return None
        city, asn = self.city.get(address), self.asn.get(address)
        if city is None and asn is None:
            return None
        return record(place=city and self.place(city), autonomous_system=asn and self.autonomous_system(asn))

    @staticmethod
    def place(city):
        def name(entry):
            return entry.get("names", {}).get("en")

        country, location = city.get("country", {}), city.get("location", {})
        region = (city.get("subdivisions") or [{}])[-1]
        code = country.get("iso_code"), region.get("iso_code")
        point = location.get("latitude"), location.get("longitude")
        return record(
            continent_name=name(city.get("continent", {})),
            country_iso_code=country.get("iso_code"),
            country_name=name(country),
            region_iso_code=None if None in code else "-".join(code),
            region_name=name(region),
            city_name=name(city.get("city", {})),
            location=None if None in point else record(lat=point[0], lon=point[1]),
        )

    @staticmethod
    def autonomous_system(asn):
        return record(
            number=asn["autonomous_system_number"],
            organization_name=asn.get("autonomous_system_organization"),
        )


class Mapping:
    """A mapping component with an open session."""

    def __init__(self, component, settings, lookup):
        engine = Engine()
        self.store = Store(engine)
        linker = Linker(engine)
        with linker.root() as root, root.add_instance(GEO) as geo:
            geo.add_func("lookup", lookup)
        self.instance = linker.instantiate(self.store, Component.from_file(engine, component))
        self.mapper = self.instance.get_export_index(self.store, MAPPER)
        opened = self.call("[static]session.open", settings)
        # A result is not wrapped: it comes as the session, or else as the error.
        if isinstance(opened, Variant):
            raise ValueError(f"mapping refuses its settings: {opened.tag}: {opened.payload}")
        self.session = opened

    def call(self, name, *arguments):
        index = self.instance.get_export_index(self.store, name, self.mapper)
        return self.instance.get_func(self.store, index)(self.store, *arguments)

    def map(self, records):
        origin = record(read_at=None, file=None)
        return self.call("[method]session.map-batch", self.session, records, origin)


def settings_of(path):
    with open(path, encoding="utf-8") as file:
        chosen = json.load(file)
    tenant = chosen.get("tenant")
    return record(
        tenant=tenant and record(id=tenant.get("id", ""), name=tenant.get("name")),
        local_domains=chosen.get("local_domains"),
        preserve_original_event=chosen.get("preserve_original_event", False),
        tags=chosen.get("tags", []),
        drop_status=chosen.get("drop_status", []),
        fields=json.dumps(chosen["fields"]) if "fields" in chosen else None,
        suffix_list=None,
        options=json.dumps(chosen["options"]) if "options" in chosen else None,
        # 32 random bytes each, for a mapping that makes pseudonyms.
        pseudonym_key=None,
        previous_pseudonym_key=None,
    )


def nothing_known(store, addresses):
    return [None] * len(addresses)


def main(component, settings, *databases):
    lookup = Databases(*databases).lookup if databases else nothing_known
    mapping = Mapping(component, settings_of(settings), lookup)
    while records := b"".join(islice(sys.stdin.buffer, BATCH)):
        batch = mapping.map(records.decode("utf-8"))
        sys.stdout.buffer.write(batch.documents.encode("utf-8"))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 5):
        sys.exit("usage: python map_records.py MAPPING.wasm SETTINGS.json [CITY.mmdb ASN.mmdb] < RECORDS.ndjson")
    main(*sys.argv[1:])
