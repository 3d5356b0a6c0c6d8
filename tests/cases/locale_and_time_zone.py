# Locale and time zone are those of this process's environment.
#| SameAsPython
#| Env: LC_ALL=C.UTF-8
#| Env: TZ=EST5EDT
import calendar
import datetime
import locale
import time
from time import timezone

print(locale.setlocale(locale.LC_CTYPE), locale.getlocale(), locale.getencoding(), locale.setlocale(locale.LC_TIME))
print(time.tzname, time.timezone, timezone, time.localtime(0).tm_hour, datetime.datetime.fromtimestamp(0).hour, time.daylight)
print(datetime.datetime(2024, 7, 1).astimezone().utcoffset(), time.strftime("%Z", time.localtime(0)))
print(datetime.datetime.strptime("2024-03-01 EST", "%Y-%m-%d %Z"), time.strptime("Mon Mar  4 2024")[:3])
print(calendar.day_name[0], calendar.TextCalendar().formatmonth(2024, 2).split()[:2], locale.localeconv()["decimal_point"])
