// SPDX-License-Identifier: GPL-2.0-only
/*
 * libagentstep.so as an addon of Node.js, for agentstep.js: { text(string), wanted(), cookie() }. Node's functions are
 * declared here, as weak: no header of its is needed, and in a program that is not Node nothing is missing and nothing of
 * this is called. Their names and numbers are Node's stable ABI, version 1.
 */
#include "agentstep.h"

#include <stdbool.h>
#include <stddef.h>

#define WEAK extern __attribute__((weak))
typedef struct napi_env_ *napi_env;
typedef struct napi_value_ *napi_value;
typedef struct napi_info_ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);

WEAK int napi_create_function(napi_env, const char *name, size_t len, napi_callback, void *data, napi_value *);
WEAK int napi_set_named_property(napi_env, napi_value object, const char *name, napi_value);
WEAK int napi_get_cb_info(napi_env, napi_callback_info, size_t *argc, napi_value *argv, napi_value *this_, void **data);
WEAK int napi_get_value_string_utf8(napi_env, napi_value, char *buf, size_t size, size_t *len);
WEAK int napi_get_boolean(napi_env, bool, napi_value *);
WEAK int napi_create_double(napi_env, double, napi_value *);

static napi_value text(napi_env env, napi_callback_info info)
{
	napi_value arg;
	size_t argc = 1, len;
	char buf[1004];

	if (!napi_get_cb_info(env, info, &argc, &arg, NULL, NULL) && argc &&
	    !napi_get_value_string_utf8(env, arg, buf, sizeof buf, &len))
		agentstep_text(buf);
	return NULL;
}

static napi_value wanted(napi_env env, napi_callback_info info)
{
	napi_value v = NULL;

	(void)info;
	napi_get_boolean(env, agentstep_wanted(), &v);
	return v;
}

static napi_value cookie(napi_env env, napi_callback_info info)
{
	napi_value v = NULL;

	(void)info;
	napi_create_double(env, (double)agentstep_cookie(), &v);
	return v;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports);
napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
	static const struct {
		const char *name;
		napi_callback fn;
	} fns[] = { { "text", text }, { "wanted", wanted }, { "cookie", cookie } };

	for (size_t i = 0; i < sizeof fns / sizeof fns[0]; i++) {
		napi_value f;

		if (napi_create_function(env, fns[i].name, (size_t)-1, fns[i].fn, NULL, &f) ||
		    napi_set_named_property(env, exports, fns[i].name, f))
			return NULL;
	}
	return exports;
}
