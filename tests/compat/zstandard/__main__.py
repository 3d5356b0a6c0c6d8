"""zstandard: the C backend, streams, a trained dictionary, threads."""

import hashlib
import io
from importlib.metadata import version

import zstandard

print("zstandard", version("zstandard"), zstandard.backend, zstandard.ZSTD_VERSION, flush=True)

data = b"".join(hashlib.sha256(str(number % 50).encode()).hexdigest().encode() for number in range(5000))
for level in (1, 9, 19):
    packed = zstandard.ZstdCompressor(level=level).compress(data)
    print(level, len(packed), zstandard.ZstdDecompressor().decompress(packed) == data)
threaded = zstandard.ZstdCompressor(level=3, threads=2, write_checksum=True).compress(data)
print("threads", zstandard.get_frame_parameters(threaded).has_checksum, zstandard.decompress(threaded) == data)
samples = [data[start : start + 256] + str(start).encode() for start in range(0, 64000, 64)]
dictionary = zstandard.train_dictionary(2048, samples)
small = zstandard.ZstdCompressor(dict_data=dictionary).compress(samples[3])
print("dictionary", len(dictionary.as_bytes()) <= 2048, len(small) < len(samples[3]))
print(zstandard.ZstdDecompressor(dict_data=dictionary).decompress(small) == samples[3])
file = io.BytesIO()
with zstandard.ZstdCompressor().stream_writer(file, closefd=False) as writer:
    for start in range(0, len(data), 1000):
        writer.write(data[start : start + 1000])
file.seek(0)
print("stream", hashlib.sha256(zstandard.ZstdDecompressor().stream_reader(file).read()).hexdigest()[:16])
for broken in (b"nothing", packed[:-5]):
    try:
        zstandard.ZstdDecompressor().decompress(broken)
    except zstandard.ZstdError as error:
        print(error)
