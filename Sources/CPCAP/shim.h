#pragma once
#include <pcap/pcap.h>

// What Swift cannot call of the system: its headers are not imported, or the number of arguments
// varies.
#include <linux/capability.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// A descriptor that becomes readable once 8 bytes are written to it; -1 for an error.
static inline int crenel_event_descriptor(void) {
  return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

// Programs run from now on cannot gain privileges; 0 when it worked.
static inline int crenel_no_new_privileges(void) {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

// 1 when programs run from now on cannot gain privileges.
static inline int crenel_has_no_new_privileges(void) {
  return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

// Gives up all capabilities of the calling thread; 0 when it worked.
static inline int crenel_drop_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  return (int)syscall(SYS_capset, &header, none);
}

// Takes every capability out of the bounding set of the calling thread, which needs CAP_SETPCAP;
// 0 when none is left in it.
static inline int crenel_empty_bounding_set(void) {
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 0) return -1;
  }
  return 0;
}
