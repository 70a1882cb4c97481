/* What wasi-libc and the engine would ask an operating system for. There is none: the clock is the
   host's, the time zone is UTC, nothing can be printed. Every function here replaces one of
   wasi-libc's, so that the module imports nothing of WASI. */
#include "seal.h"

static uint64_t unix_millis(void) {
    uint64_t millis = 0;
    uint32_t length = sizeof millis;
    seal_now(&millis, &length);
    return millis;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    uint64_t millis = unix_millis();
    time->tv_sec = (time_t)(millis / 1000);
    time->tv_usec = (suseconds_t)(millis % 1000 * 1000);
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    (void)clock;
    uint64_t millis = unix_millis();
    time->tv_sec = (time_t)(millis / 1000);
    time->tv_nsec = (long)(millis % 1000 * 1000000);
    return 0;
}

/* The engine reads the zone's offset alone. */
struct tm *localtime_r(const time_t *restrict time, struct tm *restrict fields) {
    (void)time;
    memset(fields, 0, sizeof *fields);
    return fields;
}

/* An unreachable instruction ends the run with a trap. */
_Noreturn void abort(void) {
    __builtin_trap();
}

/* The engine's dumps, which nothing here switches on. */
int printf(const char *restrict format, ...) {
    (void)format;
    return 0;
}

int fprintf(FILE *restrict file, const char *restrict format, ...) {
    (void)file, (void)format;
    return 0;
}

int puts(const char *text) {
    (void)text;
    return 0;
}

int putchar(int character) {
    return character;
}

int fputc(int character, FILE *file) {
    (void)file;
    return character;
}

int fputs(const char *restrict text, FILE *restrict file) {
    (void)text, (void)file;
    return 0;
}

/* What is behind wasi-libc's FILE, which formatting into memory brings in. */
size_t __stdio_write(FILE *file, const unsigned char *bytes, size_t length) {
    (void)file, (void)bytes;
    return length;
}

size_t __stdout_write(FILE *file, const unsigned char *bytes, size_t length) {
    (void)file, (void)bytes;
    return length;
}

off_t __stdio_seek(FILE *file, off_t offset, int origin) {
    (void)file, (void)offset, (void)origin;
    return -1;
}

int __stdio_close(FILE *file) {
    (void)file;
    return 0;
}
