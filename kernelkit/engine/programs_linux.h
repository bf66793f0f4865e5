// The part of PJRT's C API by which compiled programs are kept (openxla/xla,
// xla/pjrt/c/pjrt_c_api.h): go-xla binds no call that gives a program out or takes it in. The
// API promises that fields keep their places within a major version; a test compares the
// places below with the header that comes with go-xla.
#pragma once

#include <stddef.h>

// Places in the table of calls.
enum {
	PJRT_Error_Destroy = 0,
	PJRT_Client_Compile = 20,
	PJRT_Executable_Destroy = 40,
	PJRT_Executable_Serialize = 49,
	PJRT_LoadedExecutable_GetExecutable = 51,
	PJRT_Executable_DeserializeAndLoad = 56,
};

// What keep_programs answers.
enum { KEPT = 0, PLUGIN_NOT_LOADED, NO_API, ANOTHER_PLUGIN, ANOTHER_VERSION, TABLE_READ_ONLY };

// keep_programs has a loaded plugin's call of compilation ask interplayRead before it
// compiles, and give interplayWrite what it has compiled, or nothing where it could not.
int keep_programs(const char *plugin);
