/* Source code, bytecode, promises, and what a script may use. */
#ifndef CODE_H
#define CODE_H

#include "quickjs.h"

/* How much of the stack scripts may use, in bytes. Its end is an error of the script. That of the
   executor's own, of 16,384 calls, is a trap: a parser of deep texts nests 8,000 calls in this. */
#define STACK_LIMIT (80 * 1024)

/* Undoes `code_limit`, so that what went wrong can be told. */
void code_lift_limits(JSContext *context);

/* compile(source, name, isModule) -> bytecode */
JSValue code_compile(JSContext *context, JSValueConst self, int count, JSValueConst *arguments);
/* run(bytecode) -> [value or promise, the module's namespace or undefined] */
JSValue code_run(JSContext *context, JSValueConst self, int count, JSValueConst *arguments);
/* evaluate(source, name) -> value of the last expression */
JSValue code_evaluate(JSContext *context, JSValueConst self, int count, JSValueConst *arguments);
/* runJobs(): what promises wait for, until there is nothing left */
JSValue code_run_jobs(JSContext *context, JSValueConst self, int count, JSValueConst *arguments);
/* settled(promise) -> undefined while it is pending, else [whether it is fulfilled, value or reason] */
JSValue code_settled(JSContext *context, JSValueConst self, int count, JSValueConst *arguments);
/* limit(heap in bytes, deadline in milliseconds since the epoch); 0 is no limit */
JSValue code_limit(JSContext *context, JSValueConst self, int count, JSValueConst *arguments);

#endif
