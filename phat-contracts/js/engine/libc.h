/* Included before every file of the engine. The engine's own ifdefs would switch its check of the
   stack's depth off on WASI, and ask for threads elsewhere: the headers that only know WASI come
   first, and then this is another platform. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#undef __wasi__
#define EMSCRIPTEN 1
