// Makes run_many() of a plugin from a function that runs the program once. C11 or C++11 with POSIX
// threads and the atomics of GCC and Clang; link with -pthread. In C on Linux, define _GNU_SOURCE
// before any header: then each thread has a CPU of its own.
#ifndef BPF_ASSAY_THREADS_H
#define BPF_ASSAY_THREADS_H

#include "bpf_assay_plugin.h"

#include <pthread.h>
#include <sched.h>

// Runs the program once, on whatever block `user` holds; called by all threads at the same time.
// As bpf_assay_plugin.run: 0, and *r0 is set; or a fault, and `why` is filled.
typedef int (*bpf_assay_one_run)(void* user, uint64_t* r0, char* why);

struct bpf_assay_crew {
    bpf_assay_one_run once;
    void* user;
    uint64_t times;
    unsigned threads;
    unsigned long arrived; // how often a thread was ready for its next run
    unsigned long awake;   // how often one has seen that all are
    pthread_mutex_t mutex;
    pthread_cond_t all_arrived;
};

struct bpf_assay_worker {
    struct bpf_assay_crew* crew;
    unsigned number; // of the thread
    pthread_t thread;
    uint64_t r0; // OR of all results
    int fault;
    char why[BPF_ASSAY_WHY];
};

// On a busy machine, threads may well take turns on one CPU.
static inline void bpf_assay_take_cpu(unsigned number) {
#ifdef CPU_SET
    cpu_set_t all, one;
    unsigned cpu;
    unsigned left;
    if (sched_getaffinity(0, sizeof all, &all) != 0 || CPU_COUNT(&all) == 0)
        return;
    left = number % (unsigned)CPU_COUNT(&all);
    for (cpu = 0; !CPU_ISSET(cpu, &all) || left-- > 0;)
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one); // of this thread
#else
    (void)number;
#endif
}

static inline unsigned long bpf_assay_count(const unsigned long* count) {
    return __atomic_load_n(count, __ATOMIC_SEQ_CST);
}

// Waits until all threads are ready for run number `run`, and are on a CPU. Who has to wait for
// long sleeps: the scheduler gives a CPU sooner to a thread that wakes up than to one that has used
// up its share.
static inline void bpf_assay_meet(struct bpf_assay_crew* crew, unsigned long run) {
    const unsigned long all = (run + 1) * crew->threads;
    unsigned spins;
    if (__atomic_add_fetch(&crew->arrived, 1, __ATOMIC_SEQ_CST) == all) {
        pthread_mutex_lock(&crew->mutex);
        pthread_cond_broadcast(&crew->all_arrived);
        pthread_mutex_unlock(&crew->mutex);
    }
    for (spins = 0; spins < 5000 && bpf_assay_count(&crew->arrived) < all; spins++)
        ;
    if (bpf_assay_count(&crew->arrived) < all) {
        pthread_mutex_lock(&crew->mutex);
        while (bpf_assay_count(&crew->arrived) < all)
            pthread_cond_wait(&crew->all_arrived, &crew->mutex);
        pthread_mutex_unlock(&crew->mutex);
    }
    __atomic_add_fetch(&crew->awake, 1, __ATOMIC_SEQ_CST);
    for (spins = 0; spins < 1000000 && bpf_assay_count(&crew->awake) < all; spins++)
        ;
}

static inline void* bpf_assay_work(void* argument) {
    struct bpf_assay_worker* worker = (struct bpf_assay_worker*)argument;
    struct bpf_assay_crew* crew = worker->crew;
    unsigned long run;
    uint64_t r0;
    bpf_assay_take_cpu(worker->number);
    for (run = 0; run < crew->times; run++) {
        bpf_assay_meet(crew, run);
        if (worker->fault)
            continue; // the others still wait for this thread
        r0 = 0;
        worker->fault = crew->once(crew->user, &r0, worker->why) != 0;
        worker->r0 |= r0;
    }
    return NULL;
}

// 0, and *r0 is the OR of all results; or a fault of any run, and `why` is filled.
static inline int bpf_assay_run_on_threads(bpf_assay_one_run once, void* user, unsigned threads,
                                           uint64_t times, uint64_t* r0, char* why) {
    struct bpf_assay_crew crew;
    struct bpf_assay_worker* workers =
        (struct bpf_assay_worker*)calloc(threads, sizeof(struct bpf_assay_worker));
    unsigned i;
    int fault = 0;
    memset(&crew, 0, sizeof crew);
    crew.once = once;
    crew.user = user;
    crew.times = times;
    crew.threads = threads;
    pthread_mutex_init(&crew.mutex, NULL);
    pthread_cond_init(&crew.all_arrived, NULL);
    for (i = 0; workers && i < threads; i++) {
        workers[i].crew = &crew;
        workers[i].number = i;
        if (pthread_create(&workers[i].thread, NULL, bpf_assay_work, &workers[i]) != 0)
            break;
    }
    if (i < threads) {
        fputs("cannot start the threads\n", stderr);
        abort(); // no answer is better than a wrong one
    }
    *r0 = 0;
    for (i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        *r0 |= workers[i].r0;
        if (workers[i].fault && !fault)
            bpf_assay_say(why, "%s", workers[i].why);
        fault |= workers[i].fault;
    }
    pthread_cond_destroy(&crew.all_arrived);
    pthread_mutex_destroy(&crew.mutex);
    free(workers);
    return fault;
}

#endif
