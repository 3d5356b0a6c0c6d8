"""Babel's locale data (pickles opened by path), tzdata by zoneinfo, message catalogues."""

import datetime
import io
import zoneinfo
from importlib.metadata import version

import babel
import babel.dates
import babel.lists
import babel.numbers
import tzdata
from babel.messages import pofile
from babel.support import Translations

print("Babel", version("babel"), "tzdata", version("tzdata"), flush=True)

moment = datetime.datetime(2024, 2, 29, 22, 5, tzinfo=datetime.timezone.utc)
for name in ("en_US", "de_CH", "nb_NO", "ar_EG", "zh_Hant_TW", "hi_IN"):
    locale = babel.Locale.parse(name)
    print(name, locale.display_name, babel.dates.format_datetime(moment, "full", tzinfo=babel.dates.get_timezone("Asia/Tokyo"), locale=locale))
    print(babel.numbers.format_currency(1234567.891, "EUR", locale=locale), babel.numbers.format_compact_decimal(12345, locale=locale))
print(len(babel.localedata.locale_identifiers()) > 800, babel.lists.format_list(["a", "b", "c"], locale="de"))
print(babel.dates.format_timedelta(datetime.timedelta(days=9), locale="fr"), babel.Locale("pl").plural_form(22))
print(babel.dates.get_timezone_name("Europe/Oslo", locale="es"), babel.numbers.parse_decimal("1.234,5", locale="de"))

zoneinfo.reset_tzpath(to=[])
print(len(zoneinfo.available_timezones()) > 590, tzdata.IANA_VERSION)
for name in ("Europe/Oslo", "America/St_Johns", "Asia/Kathmandu", "Etc/GMT+5"):
    zone = zoneinfo.ZoneInfo(name)
    print(name, moment.astimezone(zone), zone.tzname(moment), zone.dst(datetime.datetime(2024, 7, 1)))
try:
    zoneinfo.ZoneInfo("Nowhere/At_All")
except zoneinfo.ZoneInfoNotFoundError as error:
    print(error)
catalog = pofile.read_po(io.StringIO('msgid "a"\nmsgstr "ä"\n'))
print(catalog["a"].string, Translations().gettext("kept"))
try:
    babel.Locale.parse("xx_YY")
except babel.UnknownLocaleError as error:
    print(error)
