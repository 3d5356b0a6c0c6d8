"""Compression: zlib, bz2, lzma, gzip, zipfile, tarfile."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib

SAMPLE = b"snow " * 1000


def visit_compression():
    """zlib, _bz2 and _lzma, there and back."""
    for module in (zlib, bz2, lzma, gzip):
        packed = module.compress(SAMPLE)
        yield module.__name__, len(packed) < 200, module.decompress(packed) == SAMPLE
    yield zlib.crc32(SAMPLE), zlib.adler32(SAMPLE)
    yield lzma.is_check_supported(lzma.CHECK_SHA256), lzma.decompress(lzma.compress(SAMPLE, format=lzma.FORMAT_ALONE)) == SAMPLE


def visit_archives():
    """zipfile with every method, tarfile with every filter."""
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("a.txt", SAMPLE)
        with zipfile.ZipFile(file) as archive:
            yield "zip", int(method), archive.read("a.txt") == SAMPLE
    for mode in ("gz", "bz2", "xz"):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode=f"w:{mode}") as archive:
            member = tarfile.TarInfo("a.txt")
            member.size = len(SAMPLE)
            archive.addfile(member, io.BytesIO(SAMPLE))
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            yield "tar", mode, archive.extractfile("a.txt").read() == SAMPLE
