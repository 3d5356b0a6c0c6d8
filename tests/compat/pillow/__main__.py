"""Pillow: drawing with a TrueType font, and each format whose library lies in the wheel."""

import hashlib
import io
from importlib.metadata import version

from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFilter, ImageFont, ImageSequence, features

print("Pillow", version("pillow"), flush=True)


def digest(image):
    """A short name for an image's exact pixels."""
    return hashlib.sha256(image.tobytes()).hexdigest()[:16]


names = ("freetype2", "jpg", "jpg_2000", "libtiff", "littlecms2", "raqm", "webp", "zlib", "avif", "xcb")
print({name: features.check(name) for name in names})
print({name: features.version(name) for name in ("freetype2", "jpg", "libtiff", "littlecms2", "webp", "zlib")})

font = ImageFont.load_default(24)
print("font", font.getname(), font.getbbox("Ärger"), font.getlength("WAVE"))
image = Image.new("RGB", (200, 80), "navy")
draw = ImageDraw.Draw(image)
draw.text((10, 10), "Hällo, font", font=font, fill="white")
draw.ellipse((150, 30, 190, 70), outline="red", width=3)
print("drawn", digest(image), image.getcolors(100000)[0])
print("filter", digest(image.filter(ImageFilter.GaussianBlur(2))), digest(image.resize((50, 20), Image.Resampling.LANCZOS)))
print("rotate", digest(image.rotate(30, expand=True)), image.quantize(8).getcolors())

for kind in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "JPEG2000", "BMP", "ICO", "PDF", "AVIF"):
    file = io.BytesIO()
    options = {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    image.save(file, kind, **options)
    if kind == "PDF":
        print(kind, file.getvalue()[:5])
        continue
    again = Image.open(io.BytesIO(file.getvalue()))
    again.load()
    print(kind, again.format, again.size, again.mode, digest(again))
lossless = io.BytesIO()
image.save(lossless, "WEBP", lossless=True)
print("lossless", ImageChops.difference(image, Image.open(lossless).convert("RGB")).getbbox())
animation = io.BytesIO()
image.save(animation, "WEBP", save_all=True, append_images=[image.rotate(90), image.rotate(180)])
print("frames", len(list(ImageSequence.Iterator(Image.open(animation)))))
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
print("profile", ImageCms.getProfileDescription(profile).strip())
for data in (b"no image", b"\x89PNG\r\n\x1a\nshort"):
    try:
        Image.open(io.BytesIO(data)).load()
    except Exception as error:
        print(type(error).__name__)
