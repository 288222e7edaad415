// Preloaded before libc: getrusage has malloc return its free pages to the kernel and then tells, in a field that Linux leaves at
// zero (ru_idrss, to Node unsharedDataSize), how many bytes it has given out and not got back.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <sys/resource.h>

int getrusage(__rusage_who_t who, struct rusage *usage) {
  int (*real)(__rusage_who_t, struct rusage *) = (int (*)(__rusage_who_t, struct rusage *))dlsym(RTLD_NEXT, "getrusage");
  int result = real(who, usage);
  malloc_trim(0);
  struct mallinfo2 info = mallinfo2();
  if (result == 0) usage->ru_idrss = (long)(info.uordblks + info.hblkhd);
  return result;
}
