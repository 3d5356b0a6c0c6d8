# The user's own packages and customisations stay out.
#| File: .home/.local/lib/python3.13/site-packages/usercustomize.py=raise SystemExit("usercustomize")
#| File: .home/.local/lib/python3.13/site-packages/hostile.py=VALUE = 1
#| File: .home/.local/lib/python3.13/site-packages/hostile.pth=import os; os._exit(66)
#| ExpectStdout: ModuleNotFoundError
try:
    import hostile
except ModuleNotFoundError as error:
    print(type(error).__name__)
