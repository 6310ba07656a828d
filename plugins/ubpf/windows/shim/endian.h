// <endian.h>, of which Windows has none; all that Windows runs on is little-endian.
#pragma once

#include <stdlib.h>

#ifdef _MSC_VER
#define htobe16(value) _byteswap_ushort(value)
#define htobe32(value) _byteswap_ulong(value)
#define htobe64(value) _byteswap_uint64(value)
#else
#define htobe16(value) __builtin_bswap16(value)
#define htobe32(value) __builtin_bswap32(value)
#define htobe64(value) __builtin_bswap64(value)
#endif
#define htole16(value) ((uint16_t)(value))
#define htole32(value) ((uint32_t)(value))
#define htole64(value) ((uint64_t)(value))
