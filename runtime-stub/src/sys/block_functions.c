/* Functions for blocks of bytes, for the static stub: musl's are made to be small, and Python calls these more often than any
   others of the C library. SSE2 is what every x86-64 processor has.

   Bytes are loaded and stored sixteen at a time, the last ones together with some of those before them, so that there is no
   loop for a rest. A load never crosses into a page in which the block has no byte.

   Sources: ISO C, 7.24; Intel's Optimization Reference Manual on REP MOVSB (3.7.6) and on streams of loads and stores. */

#define _GNU_SOURCE
#include <emmintrin.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned char byte;

/* From here on the processor's own loop is the fastest. */
#define LONG 2048

static inline __m128i
load(const byte *from)
{
    return _mm_loadu_si128((const __m128i *)from);
}

static inline void
store(byte *to, __m128i bytes)
{
    _mm_storeu_si128((__m128i *)to, bytes);
}

/* Words of two, four and eight bytes wherever they lie. */
#define WORD(bits)                                                                       \
    static inline uint##bits##_t load##bits(const byte *from)                            \
    {                                                                                    \
        return ((const struct { uint##bits##_t word; } __attribute__((packed)) *)from)->word; \
    }                                                                                    \
    static inline void store##bits(byte *to, uint##bits##_t word)                        \
    {                                                                                    \
        ((struct { uint##bits##_t word; } __attribute__((packed)) *)to)->word = word;    \
    }

WORD(16)
WORD(32)
WORD(64)

/* Up to 16 bytes. All are loaded before any is stored, as the blocks may overlap. */
static inline void
move_few(byte *to, const byte *from, size_t size)
{
    if (size >= 8) {
        uint64_t first = load64(from), last = load64(from + size - 8);
        store64(to, first);
        store64(to + size - 8, last);
    }
    else if (size >= 4) {
        uint32_t first = load32(from), last = load32(from + size - 4);
        store32(to, first);
        store32(to + size - 4, last);
    }
    else if (size >= 2) {
        uint16_t first = load16(from), last = load16(from + size - 2);
        store16(to, first);
        store16(to + size - 2, last);
    }
    else if (size == 1) {
        *to = *from;
    }
}

/* 17 to 64 bytes, likewise. */
static inline void
move_some(byte *to, const byte *from, size_t size)
{
    __m128i a = load(from), d = load(from + size - 16);
    if (size > 32) {
        __m128i b = load(from + 16), c = load(from + size - 32);
        store(to + 16, b);
        store(to + size - 32, c);
    }
    store(to, a);
    store(to + size - 16, d);
}

/* More than 64, from the first to the last: `to` is not inside the block, or before it. */
static inline void
move_up(byte *to, const byte *from, size_t size)
{
    __m128i a = load(from + size - 64), b = load(from + size - 48), c = load(from + size - 32), d = load(from + size - 16);
    byte *end = to + size;
    for (; size > 64; size -= 64, to += 64, from += 64) {
        __m128i e = load(from), f = load(from + 16), g = load(from + 32), h = load(from + 48);
        store(to, e);
        store(to + 16, f);
        store(to + 32, g);
        store(to + 48, h);
    }
    store(end - 64, a);
    store(end - 48, b);
    store(end - 32, c);
    store(end - 16, d);
}

/* More than 64, from the last to the first: `to` is inside the block. */
static inline void
move_down(byte *to, const byte *from, size_t size)
{
    __m128i a = load(from), b = load(from + 16), c = load(from + 32), d = load(from + 48);
    for (; size > 64; size -= 64) {
        const byte *rest = from + size;
        __m128i e = load(rest - 64), f = load(rest - 48), g = load(rest - 32), h = load(rest - 16);
        byte *place = to + size;
        store(place - 64, e);
        store(place - 48, f);
        store(place - 32, g);
        store(place - 16, h);
    }
    store(to, a);
    store(to + 16, b);
    store(to + 32, c);
    store(to + 48, d);
}

void *
memcpy(void *restrict to, const void *restrict from, size_t size)
{
    if (size <= 16) {
        move_few(to, from, size);
    }
    else if (size <= 64) {
        move_some(to, from, size);
    }
    else if (size < LONG) {
        move_up(to, from, size);
    }
    else {
        void *place = to;
        __asm__ volatile("rep movsb" : "+D"(place), "+S"(from), "+c"(size) : : "memory");
    }
    return to;
}

void *
memmove(void *to, const void *from, size_t size)
{
    if (size <= 16) {
        move_few(to, from, size);
    }
    else if (size <= 64) {
        move_some(to, from, size);
    }
    else if ((uintptr_t)to - (uintptr_t)from < size) {
        move_down(to, from, size);
    }
    else {
        move_up(to, from, size);
    }
    return to;
}

void *
memset(void *to, int value, size_t size)
{
    byte *place = to, *end = place + size;
    uint64_t word = 0x0101010101010101u * (byte)value;
    if (size <= 16) {
        if (size >= 8) {
            store64(place, word);
            store64(end - 8, word);
        }
        else if (size >= 4) {
            store32(place, (uint32_t)word);
            store32(end - 4, (uint32_t)word);
        }
        else if (size >= 2) {
            store16(place, (uint16_t)word);
            store16(end - 2, (uint16_t)word);
        }
        else if (size == 1) {
            *place = (byte)value;
        }
        return to;
    }
    if (size >= LONG) {
        __asm__ volatile("rep stosb" : "+D"(place), "+c"(size) : "a"(value) : "memory");
        return to;
    }
    __m128i bytes = _mm_set1_epi8((char)value);
    for (; (size_t)(end - place) > 16; place += 16) {
        store(place, bytes);
    }
    store(end - 16, bytes);
    return to;
}

int
memcmp(const void *first, const void *second, size_t size)
{
    const byte *a = first, *b = second;
    size_t i = 0;
    for (; i + 16 <= size; i += 16) {
        unsigned differ = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(load(a + i), load(b + i))) ^ 0xffffu;
        if (differ != 0) {
            i += (size_t)__builtin_ctz(differ);
            return a[i] - b[i];
        }
    }
    for (; i + 8 <= size; i += 8) {
        uint64_t differ = load64(a + i) ^ load64(b + i);
        if (differ != 0) {
            i += (size_t)__builtin_ctzll(differ) / 8;
            return a[i] - b[i];
        }
    }
    for (; i < size; i++) {
        if (a[i] != b[i]) {
            return a[i] - b[i];
        }
    }
    return 0;
}

int
bcmp(const void *first, const void *second, size_t size)
{
    return memcmp(first, second, size);
}

/* Which of the sixteen bytes of a line are this one. */
static inline unsigned
matches(const byte *line, __m128i wanted)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(*(const __m128i *)line, wanted));
}

/* Lines are aligned, and so lie in one page. What of the first precedes the block is not looked at. */
static inline const byte *
line_of(const void *block)
{
    return (const byte *)((uintptr_t)block & ~(uintptr_t)15);
}

void *
memchr(const void *block, int value, size_t size)
{
    if (size == 0) {
        return NULL;
    }
    const byte *start = block, *line = line_of(block), *last = start + size - 1;
    /* The end of a block that is as long as an address can say. */
    last = last < start ? (const byte *)UINTPTR_MAX : last;
    __m128i wanted = _mm_set1_epi8((char)value);
    unsigned found = matches(line, wanted) & (0xffffu << (start - line));
    while (found == 0) {
        if ((uintptr_t)last - (uintptr_t)line < 16) {
            return NULL;
        }
        line += 16;
        found = matches(line, wanted);
    }
    line += __builtin_ctz(found);
    return line <= last ? (void *)line : NULL;
}

void *
memrchr(const void *block, int value, size_t size)
{
    if (size == 0) {
        return NULL;
    }
    const byte *start = block, *last = start + size - 1, *line = line_of(last);
    __m128i wanted = _mm_set1_epi8((char)value);
    unsigned found = matches(line, wanted) & (0xffffu >> (15 - (last - line)));
    while (found == 0) {
        if (line <= start) {
            return NULL;
        }
        line -= 16;
        found = matches(line, wanted);
    }
    line += 31 - __builtin_clz(found);
    return line >= start ? (void *)line : NULL;
}

size_t
strlen(const char *text)
{
    const byte *line = line_of(text);
    unsigned found = matches(line, _mm_setzero_si128()) & (0xffffu << ((const byte *)text - line));
    while (found == 0) {
        line += 16;
        found = matches(line, _mm_setzero_si128());
    }
    return (size_t)(line + __builtin_ctz(found) - (const byte *)text);
}
