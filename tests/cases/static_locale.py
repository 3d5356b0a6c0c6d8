# The static stub has musl's locales: UTF-8 whatever the name, with the forms of C.
#| Levels: static
#| Env: LANG=xx_XX.nonsense
#| Env: LC_NUMERIC=de_DE.UTF-8
#| ExpectStdout: UTF-8 utf-8
#| ExpectStdout: . Monday ä
#| ExpectStdout: ('C', 'UTF-8') . ß
import locale
import sys
import time

print(locale.getencoding(), sys.stdout.encoding)
locale.setlocale(locale.LC_ALL, "")
print(locale.localeconv()["decimal_point"], time.strftime("%A", time.gmtime(4 * 86400)), "ä")
locale.setlocale(locale.LC_ALL, "C.UTF-8")
print(locale.getlocale(), locale.localeconv()["decimal_point"], "SS".lower().replace("ss", "ß"))
