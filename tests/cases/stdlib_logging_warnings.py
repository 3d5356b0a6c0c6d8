# logging and warnings name files and lines.
#| SameAsPython
import logging
import warnings

logging.basicConfig(format="%(levelname)s %(filename)s:%(lineno)d %(module)s %(funcName)s %(pathname)s %(message)s")
logging.warning("careful")
warnings.warn("in main", UserWarning, stacklevel=1)
try:
    1 / 0
except ZeroDivisionError:
    logging.exception("failed")
