# Without a time zone and a locale in the environment, and with ones that don't exist.
#| SameAsPython
#| Levels: off runtime app
#| Env: LANG=xx_XX.nonsense
#| Env: LC_NUMERIC=de_DE.UTF-8
import datetime
import locale
import time
import zoneinfo

print(locale.setlocale(locale.LC_CTYPE), locale.getencoding(), locale.getlocale())
print(time.tzname, time.timezone == -time.mktime((1970, 1, 1, 0, 0, 0, 0, 0, 0)) or time.daylight)
try:
    print(locale.setlocale(locale.LC_ALL, ""))
except locale.Error as error:
    print(error)
print(datetime.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")).utcoffset())
