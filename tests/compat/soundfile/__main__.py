"""soundfile: the libsndfile of its wheel, opened with cffi by path, writes and reads sounds in memory and in a file."""

import io
import os
import tempfile
from importlib.metadata import version

import numpy as np
import soundfile

print("soundfile", version("soundfile"), soundfile.__libsndfile_version__, flush=True)

tone = np.sin(np.linspace(0, 440, 8000))
print("library", os.path.basename(soundfile._full_path) if hasattr(soundfile, "_full_path") else "by name")
print(len(soundfile.available_formats()) > 20, sorted(set(soundfile.available_formats()) & {"WAV", "FLAC", "OGG", "MP3"}))
for kind, subtype in (("WAV", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")):
    file = io.BytesIO()
    soundfile.write(file, tone, 8000, format=kind, subtype=subtype)
    file.seek(0)
    again, rate = soundfile.read(file)
    print(kind, rate, again.shape, again.dtype, bool(np.abs(again[: len(tone)] - tone).max() < 0.2))
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "tone.wav")
    with soundfile.SoundFile(path, "w", samplerate=44100, channels=2, subtype="FLOAT") as sound:
        sound.title = "frözen"
        sound.write(np.column_stack([tone, -tone]))
    with soundfile.SoundFile(path) as sound:
        print(sound.title, sound.frames, sound.channels, sound.seek(10), sound.read(2).round(5).tolist())
    print(soundfile.info(path).subtype_info)
for source in (io.BytesIO(b"no sound"), "/missing.wav"):
    try:
        soundfile.read(source)
    except soundfile.LibsndfileError as error:
        print(error.code, error.error_string)
