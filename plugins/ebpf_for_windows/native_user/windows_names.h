// What bpf2c's C takes from Windows' headers, for a C compiler on Linux. A `long` of Windows has 32
// bits, so the intrinsics take addresses of any type and access 32 bits, signed, as Windows' do.
#ifndef BPF_ASSAY_WINDOWS_NAMES_H
#define BPF_ASSAY_WINDOWS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define _Field_z_
#define _Field_size_(size)
#define _Out_
#define _Outptr_result_buffer_(size)
#define _Outptr_result_buffer_maybenull_(size)

#define BPF_ASSAY_AT(bits, address) ((volatile int##bits##_t*)(uintptr_t)(address))
#define ReadNoFence8(address) (*BPF_ASSAY_AT(8, address))
#define ReadNoFence16(address) (*BPF_ASSAY_AT(16, address))
#define ReadNoFence(address) (*BPF_ASSAY_AT(32, address))
#define ReadNoFence64(address) (*BPF_ASSAY_AT(64, address))
#define WriteNoFence8(address, value) (void)(*BPF_ASSAY_AT(8, address) = (int8_t)(value))
#define WriteNoFence16(address, value) (void)(*BPF_ASSAY_AT(16, address) = (int16_t)(value))
#define WriteNoFence(address, value) (void)(*BPF_ASSAY_AT(32, address) = (int32_t)(value))
#define WriteNoFence64(address, value) (void)(*BPF_ASSAY_AT(64, address) = (int64_t)(value))

#define BPF_ASSAY_ATOMIC(name, operation)                                                          \
    static inline int32_t name(volatile void* address, int32_t value) {                            \
        return operation((volatile int32_t*)address, value, __ATOMIC_SEQ_CST);                     \
    }                                                                                              \
    static inline int64_t name##64(volatile void* address, int64_t value) {                        \
        return operation((volatile int64_t*)address, value, __ATOMIC_SEQ_CST);                     \
    }
BPF_ASSAY_ATOMIC(InterlockedExchangeAdd, __atomic_fetch_add)
BPF_ASSAY_ATOMIC(InterlockedOr, __atomic_fetch_or)
BPF_ASSAY_ATOMIC(InterlockedAnd, __atomic_fetch_and)
BPF_ASSAY_ATOMIC(InterlockedXor, __atomic_fetch_xor)
BPF_ASSAY_ATOMIC(InterlockedExchange, __atomic_exchange_n)

static inline int32_t InterlockedCompareExchange(volatile void* address, int32_t value,
                                                 int32_t comparand) {
    __atomic_compare_exchange_n((volatile int32_t*)address, &comparand, value, 0, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return comparand;
}
static inline int64_t InterlockedCompareExchange64(volatile void* address, int64_t value,
                                                   int64_t comparand) {
    __atomic_compare_exchange_n((volatile int64_t*)address, &comparand, value, 0, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return comparand;
}

#define PF_TEMPORAL_LEVEL_1 3
#define PreFetchCacheLine(level, address) __builtin_prefetch((const void*)(address), 0, level)

// The module's own header chooses Windows' GUID for Microsoft's compiler only.
typedef struct {
    uint32_t data1;
    uint16_t data2, data3;
    uint8_t data4[8];
} bpf_assay_guid;
#define GUID bpf_assay_ignored_guid
#include "ebpf_windows.h"
#undef GUID
#define GUID bpf_assay_guid
#define ebpf_program_type_t bpf_assay_guid
#define ebpf_attach_type_t bpf_assay_guid

#endif
