# zoneinfo finds its zones in the tzdata distribution when the host has none.
#| SameAsPython
#| Requires: pypi tzdata==2025.2
import datetime
import importlib.resources
import zoneinfo

import tzdata

zoneinfo.reset_tzpath(to=())
zone = zoneinfo.ZoneInfo("Pacific/Auckland")
print(datetime.datetime(2026, 1, 1, tzinfo=zone).isoformat(), "Europe/Berlin" in zoneinfo.available_timezones())
print(tzdata.IANA_VERSION, importlib.resources.files("tzdata.zoneinfo.Europe").joinpath("Berlin").is_file())
try:
    zoneinfo.ZoneInfo("Nowhere/City")
except zoneinfo.ZoneInfoNotFoundError as error:
    print(error)
