# In namespaces of its own, with all rights there: makes a folder writable, or mounts a new /proc.
import ctypes, os, sys

NEWNS, NEWUSER, NEWPID, REMOUNT, BIND = 0x20000, 0x10000000, 0x20000000, 32, 4096
libc = ctypes.CDLL(None)
libc.unshare(NEWUSER | NEWNS | NEWPID)
if os.fork() == 0:
    libc.mount(None, sys.argv[1].encode(), None, REMOUNT | BIND, None)
    os.mkdir("/tmp/proc")
    libc.mount(b"proc", b"/tmp/proc", b"proc", 0, None)
    escaped = 0
    for path in [sys.argv[1] + "/is-number/index.js", "/tmp/proc/sys/kernel/core_pattern"]:
        try:
            open(path, "a").close()
            escaped = 1
        except OSError:
            pass
    os._exit(escaped)
sys.exit(0 if os.wait()[1] != 0 else 1)
