//go:build cgo

#include "programs_linux.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "_cgo_export.h"

typedef struct {
	size_t size;
	void *extension;
	struct {
		size_t size;
		void *extension;
		int major, minor;
	} version;
	void *calls[];
} api_t;

typedef struct {
	size_t size;
	void *extension;
	char *code;
	size_t code_size;
	const char *format;
	size_t format_size;
} program_t;

// Arguments of the calls, by their names in the API.
typedef struct {
	size_t size;
	void *extension;
	void *client;
	program_t *program;
	char *options;
	size_t options_size;
	void *executable; // out
} compile_t;
typedef struct {
	size_t size;
	void *extension;
	void *loaded;
	void *executable; // out
} get_executable_t;
typedef struct {
	size_t size;
	void *extension;
	void *executable;
	char *bytes;       // out
	size_t bytes_size; // out
	void *backing;     // out
	void (*free)(void *); // out
} serialize_t;
typedef struct {
	size_t size;
	void *extension;
	void *client;
	const char *bytes;
	size_t bytes_size;
	void *loaded; // out
	const char *options;
	size_t options_size;
} load_t;
typedef struct {
	size_t size;
	void *extension;
	void *object;
} destroy_t;

static api_t *api;
static void *(*compile)(compile_t *); // the plugin's own

// call makes a call of the API; 0 says that it failed.
static int call(int place, void *args) {
	void *error = ((void *(*)(void *))api->calls[place])(args);
	if (!error) return 1;
	destroy_t destroy = {sizeof destroy, NULL, error};
	((void (*)(destroy_t *))api->calls[PJRT_Error_Destroy])(&destroy);
	return 0;
}

// write_program gives Go the compiled program as bytes, or none where there are none.
static void write_program(char *key, void *loaded) {
	get_executable_t get = {.size = sizeof get, .loaded = loaded};
	serialize_t serialize = {.size = sizeof serialize};
	if (loaded && call(PJRT_LoadedExecutable_GetExecutable, &get)) {
		serialize.executable = get.executable;
		if (!call(PJRT_Executable_Serialize, &serialize)) serialize.bytes = NULL;
	}
	interplayWrite(key, serialize.bytes, serialize.bytes_size);
	if (serialize.backing) serialize.free(serialize.backing);
	if (!get.executable) return;
	destroy_t destroy = {sizeof destroy, NULL, get.executable};
	call(PJRT_Executable_Destroy, &destroy);
}

// load_or_compile stands where the plugin's own call of compilation stood.
static void *load_or_compile(compile_t *args) {
	char *key = NULL, *bytes = NULL;
	size_t size = 0;
	interplayRead(args->program->code, args->program->code_size, args->options, args->options_size, &key, &bytes, &size); // key: to be freed
	if (bytes) {
		load_t load = {.size = sizeof load, .client = args->client, .bytes = bytes, .bytes_size = size};
		int loaded = call(PJRT_Executable_DeserializeAndLoad, &load);
		free(bytes);
		if (loaded) {
			free(key);
			args->executable = load.loaded;
			return NULL;
		}
	}
	void *error = compile(args);
	if (key) write_program(key, error ? NULL : args->executable);
	free(key);
#ifdef __GLIBC__
	malloc_trim(0); // the compiler needs hundreds of megabytes, which keepMemory would keep
#endif
	return error;
}

int keep_programs(const char *plugin) {
	void *library = dlopen(plugin, RTLD_NOW | RTLD_NOLOAD);
	if (!library) return PLUGIN_NOT_LOADED;
	api_t *(*get)(void) = (api_t * (*)(void)) dlsym(library, "GetPjrtApi");
	api_t *found = get ? get() : NULL;
	if (!found) return NO_API;
	if (api) return api == found ? KEPT : ANOTHER_PLUGIN;
	if (found->version.major != 0 || found->size < sizeof(api_t) + (PJRT_Executable_DeserializeAndLoad + 1) * sizeof(void *)) return ANOTHER_VERSION;
	void **place = &found->calls[PJRT_Client_Compile];
	uintptr_t page = sysconf(_SC_PAGESIZE);
	if (mprotect((void *)((uintptr_t)place / page * page), page, PROT_READ | PROT_WRITE)) return TABLE_READ_ONLY;
	api = found;
	compile = (void *(*)(compile_t *))*place;
	*place = load_or_compile;
	return KEPT;
}
