/* The part of libuuid's interface that CPython's `_uuid` module uses; see uuid.c. */
#ifndef PYFREEZE_UUID_H
#define PYFREEZE_UUID_H

typedef unsigned char uuid_t[16];

/* Writes a version 1 UUID. Returns 0 if it is certain that no other process on
   this machine made the same one, else -1: always -1 here. */
int uuid_generate_time_safe(uuid_t out);

#endif
