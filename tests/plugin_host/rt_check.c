/* Preloaded into a host: counts what an audio thread must not do while the host is inside process():
 * allocate, lock, call the system. The host marks it with rt_enter and rt_leave.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static __thread int inside;
static int calls, allocations, locks, system_calls;

void rt_enter(void) { inside = 1; __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED); }
void rt_leave(void) { inside = 0; }
void rt_report(void) { printf("R %d %d %d %d\n", calls, allocations, locks, system_calls); }

static void count(int* counter) { if (inside) __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED); }

void* __libc_malloc(size_t); void __libc_free(void*); void* __libc_calloc(size_t, size_t); void* __libc_realloc(void*, size_t);
void* malloc(size_t n) { count(&allocations); return __libc_malloc(n); }
void free(void* p) { if (p) count(&allocations); __libc_free(p); }
void* calloc(size_t n, size_t size) { count(&allocations); return __libc_calloc(n, size); }
void* realloc(void* p, size_t n) { count(&allocations); return __libc_realloc(p, n); }

#define WATCH(result, name, parameters, arguments, counter)          \
    result name parameters {                                         \
        static result(*next) parameters;                             \
        if (!next) next = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
        count(&counter);                                             \
        return next arguments;                                       \
    }
WATCH(int, pthread_mutex_lock, (pthread_mutex_t* m), (m), locks)
WATCH(int, pthread_mutex_trylock, (pthread_mutex_t* m), (m), locks)
WATCH(int, pthread_cond_signal, (pthread_cond_t* c), (c), locks)
WATCH(int, pthread_cond_broadcast, (pthread_cond_t* c), (c), locks)
WATCH(int, pthread_cond_wait, (pthread_cond_t* c, pthread_mutex_t* m), (c, m), locks)
WATCH(int, sem_post, (sem_t* s), (s), locks)
WATCH(int, sched_yield, (void), (), system_calls)
WATCH(int, usleep, (useconds_t n), (n), system_calls)
WATCH(FILE*, fopen, (const char* p, const char* m), (p, m), system_calls)
WATCH(void*, mmap, (void* p, size_t n, int a, int f, int d, off_t o), (p, n, a, f, d, o), system_calls)
WATCH(ssize_t, send, (int s, const void* b, size_t n, int f), (s, b, n, f), system_calls)
WATCH(ssize_t, recv, (int s, void* b, size_t n, int f), (s, b, n, f), system_calls)
WATCH(ssize_t, write, (int s, const void* b, size_t n), (s, b, n), system_calls)
WATCH(ssize_t, read, (int s, void* b, size_t n), (s, b, n), system_calls)
WATCH(int, poll, (struct pollfd* p, nfds_t n, int t), (p, n, t), system_calls)
WATCH(int, nanosleep, (const struct timespec* a, struct timespec* b), (a, b), system_calls)
WATCH(int, clock_nanosleep, (clockid_t c, int f, const struct timespec* a, struct timespec* b), (c, f, a, b), system_calls)
