# Writing below the virtual root fails plainly and changes nothing.
#| ExpectStdout: open w OSError EROFS
#| ExpectStdout: open a OSError EROFS
#| ExpectStdout: open new OSError EROFS
#| ExpectStdout: open r+ OSError EROFS
#| ExpectStdout: mkdir OSError EROFS
#| ExpectStdout: remove OSError EROFS
#| ExpectStdout: rmdir OSError EROFS
#| ExpectStdout: rename OSError EROFS
#| ExpectStdout: chmod OSError EROFS
#| ExpectStdout: utime OSError EROFS
#| ExpectStdout: truncate OSError EROFS
#| ExpectStdout: symlink OSError EROFS
#| ExpectStdout: access False
#| ExpectStdout: text
import errno
import os

here = os.path.dirname(os.path.abspath(__file__))
text = os.path.join(here, "text.txt")
attempts = {
    "open w": lambda: open(text, "w"),
    "open a": lambda: open(text, "a"),
    "open new": lambda: open(os.path.join(here, "new.txt"), "w"),
    "open r+": lambda: open(text, "r+"),
    "mkdir": lambda: os.mkdir(os.path.join(here, "new")),
    "remove": lambda: os.remove(text),
    "rmdir": lambda: os.rmdir(os.path.join(here, "sub")),
    "rename": lambda: os.rename(text, os.path.join(here, "new.txt")),
    "chmod": lambda: os.chmod(text, 0o777),
    "utime": lambda: os.utime(text),
    "truncate": lambda: os.truncate(text, 0),
    "symlink": lambda: os.symlink("x", os.path.join(here, "new")),
}
for name, attempt in attempts.items():
    try:
        attempt()
        print(name, "worked")
    except OSError as error:
        print(name, type(error).__name__, errno.errorcode[error.errno])
print("access", os.access(text, os.W_OK))
print(open(text).read())
