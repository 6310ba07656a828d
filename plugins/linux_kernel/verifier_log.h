// Finds the sentence that matters in a log of the kernel's verifier.
#ifndef BPF_ASSAY_LINUX_VERIFIER_LOG_H
#define BPF_ASSAY_LINUX_VERIFIER_LOG_H

// Copies the last line that says why a program is refused into `why` (BPF_ASSAY_WHY bytes); leaves
// `why` empty if the log says nothing.
void find_reason(const char* log, char* why);

#endif
