// The helper functions of docs/plugin-protocol.md, as external symbols of librte_bpf.
#ifndef DPDK_HELPERS_H
#define DPDK_HELPERS_H

#include "bpf_assay_plugin.h"

#include <rte_bpf.h>

enum { HELPER_MIX, HELPER_COPY, HELPER_UNSTATED, HELPERS }; // ids: the index of the symbol

extern const struct rte_bpf_xsym helper_symbols[HELPERS];
extern const struct bpf_assay_helper helper_roles[];

#endif
