"""PyMuPDF: a PDF made, read and drawn by MuPDF, through SWIG's bindings."""

from importlib.metadata import version

import pymupdf

print("PyMuPDF", version("pymupdf"), pymupdf.mupdf_version, flush=True)
document = pymupdf.open()
page = document.new_page(width=200, height=100)
page.insert_text((20, 40), "frözen words", fontsize=14)
page.draw_rect(pymupdf.Rect(10, 60, 60, 90), color=(1, 0, 0), fill=(0, 0, 1))
data = document.tobytes()
again = pymupdf.open(stream=data)
print(again.page_count, again[0].get_text().strip(), [tuple(round(x) for x in found) for found in again[0].search_for("words")])
pixels = again[0].get_pixmap(dpi=72)
print(pixels.width, pixels.height, pixels.pixel(30, 70), len(pixels.tobytes("png")) > 200)
page.insert_htmlbox(pymupdf.Rect(80, 50, 190, 95), "<b>bold</b> <i>text</i>")
print("bold" in page.get_text(), again.metadata["format"], len(again[0].get_drawings()))
pymupdf.TOOLS.mupdf_display_errors(False)
try:
    pymupdf.open(stream=b"no document", filetype="pdf")
except pymupdf.FileDataError as error:
    print(type(error).__name__, error)
