/* The module "host" that the prelude imports: what JavaScript can't do itself. */
#ifndef HOST_H
#define HOST_H

#include "quickjs.h"

/* Makes the module known to `import`. */
bool host_define(JSContext *context);

#endif
